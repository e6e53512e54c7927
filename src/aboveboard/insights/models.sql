-- Which models answer, and what share of the messages, the installs and the tokens has each?
WITH
    asked AS (
        SELECT session FROM {project:Identifier}.sessions
        WHERE ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    used AS (
        SELECT
            user_id
            , main_model AS model
            , count() AS messages
            , ifNull(sum(total_tokens), 0) AS tokens
            , ifNull(sum(cost), 0) AS cost
        FROM {project:Identifier}.message_send
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
        GROUP BY user_id, model
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            groupArray((model, messages, tokens, cost)) AS models
            , sum(messages) AS its_messages
            , sum(tokens) AS its_tokens
            , sum(its_messages) OVER () AS all_messages
            , sum(its_tokens) OVER () AS all_tokens
            , 1 / (1 - its_messages / all_messages) AS messages_weight
            , 1 / (1 - its_tokens / all_tokens) AS tokens_weight
            , count() OVER () AS n
        FROM used
        GROUP BY user_id
    ),
    weighed AS (
        SELECT
            *
            , sum(pow(messages_weight * its_messages, 2)) OVER () AS messages_square
            , sum(pow(tokens_weight * its_tokens, 2)) OVER () AS tokens_square
        FROM installs
    )
SELECT
    used.1 AS model
    , sum(used.2) AS messages
    , messages / any(all_messages) AS message_share
    , sqrt(greatest(0,
        sum(pow(messages_weight * used.2, 2))
        - 2 * message_share * sum(pow(messages_weight, 2) * its_messages * used.2)
        + pow(message_share, 2) * any(messages_square)
    ) * (1 - 1 / any(n))) / any(all_messages) AS message_share_se
    , count() AS installs
    , installs / any(n) AS install_share
    , sqrt(install_share * (1 - install_share) / (any(n) - 1)) AS install_share_se
    , sum(used.3) AS tokens
    , tokens / any(all_tokens) AS token_share
    , sqrt(greatest(0,
        sum(pow(tokens_weight * used.3, 2))
        - 2 * token_share * sum(pow(tokens_weight, 2) * its_tokens * used.3)
        + pow(token_share, 2) * any(tokens_square)
    ) * (1 - 1 / any(n))) / any(all_tokens) AS token_share_se
    , round(sum(used.4), 6) AS cost
    , any(n) AS of_installs
FROM weighed
ARRAY JOIN models AS used
GROUP BY model
ORDER BY messages DESC, model
