-- Of the installs that were new, what share came back in the week after their first?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    begun AS (
        SELECT user_id, toMonday(min(toDate(time))) AS cohort
        FROM {{ rows("_sessions") }}
        GROUP BY user_id
        -- Those whose second week lies in the period as a whole.
        HAVING cohort + 7 >= {since:Date} AND cohort + 13 <= {until:Date}
            AND cohort + 13 < {settling:Date}
    ),
    active AS (
        SELECT user_id, groupUniqArray(toMonday(toDate(time))) AS weeks
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            AND user_id IN (SELECT user_id FROM begun)
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id
    ),
    counted AS (
        SELECT
            {{ share.bucket("user_id") }}
            , has(weeks, cohort + 7) AS is_back
        FROM begun
        INNER JOIN active USING (user_id)
        WHERE has(weeks, cohort)
    )
SELECT
    count() AS of_installs
    , countIf(is_back) AS installs
    , {{ share.of_installs("installs", "of_installs") }} AS back_share_sums
    --% if compared
    , {{ share.buckets_of_own("is_back", "1") }} AS back_share_buckets
    --% endif
FROM counted
