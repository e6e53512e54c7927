-- Which models answer, and what share of the messages, the installs, the tokens and the cost has each?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    used AS (
        SELECT
            user_id
            -- Grouping by a plain string takes a third of the time; no model is called ''.
            , CAST(ifNull(main_model, ''), 'String') AS name
            , count() AS its_messages
            --% if has("message_send.total_tokens")
            , ifNull(sum(toInt128(total_tokens)), 0) AS its_tokens
            --% endif
            --% if has("message_send.cost")
            , ifNull(sum(cost), 0) AS its_cost
            --% endif
        FROM {{ rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id, name
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals"). Its
    -- models are beside them meanwhile, which takes half of what reading all messages again, and
    -- finding each model's installs by their key, would.
    installs AS (
        SELECT
            user_id
            , {{ share.bucket("user_id") }}
            , groupArray((
                name
                , its_messages
                --% if has("message_send.total_tokens")
                , its_tokens
                --% endif
                --% if has("message_send.cost")
                , its_cost
                --% endif
            )) AS its_models
            , sum(its_messages) AS of_messages
            --% if has("message_send.total_tokens")
            , toFloat64(sum(its_tokens)) AS of_tokens
            --% endif
            --% if has("message_send.cost")
            , toFloat64(sum(its_cost)) AS of_cost
            --% endif
            , {{ share.weigh("of_messages") }}
            --% if has("message_send.total_tokens")
            , {{ share.weigh("of_tokens") }}
            --% endif
            --% if has("message_send.cost")
            , {{ share.weigh("of_cost") }}
            --% endif
        FROM used
        GROUP BY user_id
    ),
    weighed AS (
        SELECT
            *
            , {{ share.square("of_messages") }}
            --% if has("message_send.total_tokens")
            , {{ share.square("of_tokens") }}
            --% endif
            --% if has("message_send.cost")
            , {{ share.square("of_cost") }}
            --% endif
        FROM installs
    ),
    told AS (
        SELECT
            *
            , its_model.1 AS name
            , its_model.2 AS its_messages
            --% if has("message_send.total_tokens")
            , its_model.3 AS its_tokens
            --% endif
            --% if has("message_send.cost")
            , its_model.{{ 4 if has("message_send.total_tokens") else 3 }} AS its_cost
            --% endif
        FROM weighed
        ARRAY JOIN its_models AS its_model
    )
SELECT
    nullIf(name, '') AS model
    , sum(its_messages) AS messages
    , {{ share.of_all("its_messages", "of_messages") }} AS message_share_sums
    --% if compared
    , {{ share.buckets_of_all("its_messages", "of_messages") }} AS message_share_buckets
    , {{ share.buckets_of_all("1", "1") }} AS install_share_buckets
    --% endif
    , count() AS installs
    , {{ share.of_installs("installs", "any(n)") }} AS install_share_sums
    --% if has("message_send.total_tokens")
    , sum(its_tokens) AS tokens
    , {{ share.of_all("toFloat64(its_tokens)", "of_tokens") }} AS token_share_sums
    --% if compared
    , {{ share.buckets_of_all("its_tokens", "of_tokens") }} AS token_share_buckets
    --% endif
    --% endif
    --% if has("message_send.cost")
    , round(sum(its_cost), 6) AS cost
    , {{ share.of_all("toFloat64(its_cost)", "of_cost") }} AS cost_share_sums
    --% if compared
    , {{ share.buckets_of_all("its_cost", "of_cost") }} AS cost_share_buckets
    --% endif
    --% endif
    , any(n) AS of_installs
FROM told
GROUP BY name
ORDER BY messages DESC, name
