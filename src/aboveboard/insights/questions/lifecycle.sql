-- How many of the active installs are new, returning or resurrected, and how many are gone?
WITH
    --% include "asked.sql"
    -- In one pass: when each install began, whenever that was, and the weeks (or months) in which it was
    -- active, from one before the period on: whoever returns was active in the one before.
    active AS (
        SELECT
            min(toDate(time)) AS first
            , arrayDistinct(groupArrayIf(
                {{ wide("toDate(time)") }}
                , toDate(time) BETWEEN {{ wide(wide("{since:Date}") ~ " - 1") }} AND {until:Date}
                --% if filtered
                AND session IN asked
                --% endif
            )) AS days
        FROM {{ rows("_sessions") }}
        GROUP BY user_id
    ),
    told AS (
        SELECT
            day
            , {{ wide("first") }} = day AS is_new
            , NOT is_new AND has(days, {{ wide("day - 1") }}) AS is_returning
            , NOT is_new AND NOT is_returning AS is_resurrected
            , false AS is_gone
        FROM active
        ARRAY JOIN days AS day
        UNION ALL
        SELECT {{ wide("each + 31") if grain == "month" else "each + 7" }} AS day, false, false, false, true
        FROM active
        ARRAY JOIN days AS each
        WHERE NOT has(days, day)
    ),
    --% include "known.sql"
    bins AS (
        SELECT
            {{ wide("{since:Date} + number") }} AS day
            , max({since:Date} + number BETWEEN known.first AND {today:Date}) AS told
            , toBool(max({since:Date} + number) < {settling:Date} AND count() = {{ wide_length("day") }}) AS complete
        FROM numbers(toUInt64({until:Date} - {since:Date} + 1)) AS numbered
        CROSS JOIN known
        GROUP BY day
    ),
    counted AS (
        SELECT
            day
            , countIf(is_new) AS fresh
            , countIf(is_returning) AS returning
            , countIf(is_resurrected) AS resurrected
            , countIf(is_gone) AS gone
        FROM told
        GROUP BY day
    )
SELECT
    bins.day AS day
    , if(bins.told, counted.fresh, NULL) AS new
    , if(bins.told, counted.returning, NULL) AS returning
    , if(bins.told, counted.resurrected, NULL) AS resurrected
    -- Who is not there yet may still come.
    , if(bins.told AND bins.complete, counted.gone, NULL) AS gone
    , bins.complete AS complete
FROM bins
LEFT JOIN counted ON counted.day = bins.day
ORDER BY day
