-- With which edit formats is each model used, how often can its edits be applied, and what does it cost?
--% import "shares.sql" as share
--% macro which()
cityHash64(ifNull(main_model, '')) + intHash64(cityHash64(ifNull(edit_format, '')))
--% endmacro
WITH
    --% include "asked.sql"
    -- A model and a format are told by a sum of two hashes, which ClickHouse makes once for each word:
    -- grouping by both takes a third of the time that the words themselves take. That two pairs of a
    -- thousand are alike has a chance of one in 30 million million.
    replied AS MATERIALIZED (
        SELECT
            user_id
            , {{ which() }} AS which
            , count() AS its_replies
            , countIf(edits IN ('applied', 'failed')) AS its_tried
            , countIf(edits = 'applied') AS its_applied
        FROM {{ rows("reply") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id, which
    ),
    replies AS (
        SELECT
            which
            , sum(its_replies) AS number
            , count() AS installs
            , sum(its_tried) AS tried
        FROM replied
        GROUP BY which
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            *
            , 1 / (1 - its_tried / sum(its_tried) OVER (PARTITION BY which)) AS weight
            , {{ share.most("its_tried", "PARTITION BY which") }} AS most
        FROM replied
        WHERE its_tried > 0
    ),
    applied AS (
        SELECT
            which
            , count() AS installs
            , {{ share.of_own("its_applied", "its_tried") }} AS sums
        FROM installs
        GROUP BY which
    ),
    waited AS (
        SELECT
            {{ which() }} AS which
            , CAST(any(ifNull(main_model, '')), 'String') AS name
            , CAST(any(ifNull(edit_format, '')), 'String') AS way
            --% if has("reply.first_token")
            , quantileExact(0.5)(first_token) AS first_token
            --% endif
            --% if has("reply.duration")
            , quantileExact(0.5)(duration) AS duration
            --% endif
        FROM {{ rows("reply") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY which
    ),
    paid AS (
        SELECT
            {{ which() }} AS which
            , toFloat64(sum(cost)) / count(cost) AS cost
        FROM {{ rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY which
    )
SELECT
    nullIf(waited.name, '') AS model
    , nullIf(waited.way, '') AS edit_format
    , replies.number AS replies
    , replies.installs AS installs
    , replies.tried AS tried
    , applied.installs AS of_installs
    , applied.sums AS applied_share_sums
    , if(paid.which = waited.which, paid.cost, NULL) AS message_cost
    --% if has("reply.first_token")
    , waited.first_token AS first_token
    --% endif
    --% if has("reply.duration")
    , waited.duration AS duration
    --% endif
    , 'seconds' AS unit
FROM waited
INNER JOIN replies ON replies.which = waited.which
LEFT JOIN applied ON applied.which = waited.which
LEFT JOIN paid ON paid.which = waited.which
ORDER BY replies DESC, model, edit_format
