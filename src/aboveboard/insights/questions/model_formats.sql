-- With which edit formats is each model used, how often can its edits be applied, and what does it cost?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    replied AS (
        SELECT
            user_id
            , CAST(ifNull(main_model, ''), 'String') AS name
            , CAST(ifNull(edit_format, ''), 'String') AS way
            , count() AS its_replies
            , countIf(edits IN ('applied', 'failed')) AS its_tried
            , countIf(edits = 'applied') AS its_applied
        FROM {{ rows("reply") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id, name, way
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            *
            , 1 / (1 - its_tried / sum(its_tried) OVER (PARTITION BY name, way)) AS weight
            , {{ share.most("its_tried", "PARTITION BY name, way") }} AS most
        FROM replied
        WHERE its_tried > 0
    ),
    applied AS (
        SELECT
            name
            , way
            , count() AS installs
            , {{ share.of_own("its_applied", "its_tried") }} AS sums
        FROM installs
        GROUP BY name, way
    ),
    waited AS (
        SELECT
            CAST(ifNull(main_model, ''), 'String') AS name
            , CAST(ifNull(edit_format, ''), 'String') AS way
            , count() AS replies
            , uniqExact(user_id) AS installs
            , countIf(edits IN ('applied', 'failed')) AS tried
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
        GROUP BY name, way
    ),
    paid AS (
        SELECT
            CAST(ifNull(main_model, ''), 'String') AS name
            , CAST(ifNull(edit_format, ''), 'String') AS way
            , toFloat64(sum(cost)) / count(cost) AS cost
        FROM {{ rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY name, way
    )
SELECT
    nullIf(waited.name, '') AS model
    , nullIf(waited.way, '') AS edit_format
    , waited.replies AS replies
    , waited.installs AS installs
    , waited.tried AS tried
    , applied.installs AS of_installs
    , applied.sums AS applied_share_sums
    , if(paid.way = waited.way, paid.cost, NULL) AS message_cost
    --% if has("reply.first_token")
    , waited.first_token AS first_token
    --% endif
    --% if has("reply.duration")
    , waited.duration AS duration
    --% endif
    , 'seconds' AS unit
FROM waited
LEFT JOIN applied ON applied.name = waited.name AND applied.way = waited.way
LEFT JOIN paid ON paid.name = waited.name AND paid.way = waited.way
ORDER BY replies DESC, model, edit_format
