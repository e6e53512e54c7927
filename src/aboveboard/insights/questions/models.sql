-- Which models answer, and what share of the messages, the installs and the tokens has each?
WITH
    asked AS (
        SELECT session FROM {project:Identifier}.sessions -- only starts tell a version or a system
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    used AS (
        SELECT
            user_id
            -- Grouping by a plain string takes a third of the time; no model is called ''.
            , CAST(ifNull(main_model, ''), 'String') AS name
            , count() AS its_messages
            , ifNull(sum(toInt128(total_tokens)), 0) AS its_tokens -- if message_send.total_tokens
            , ifNull(sum(cost), 0) AS its_cost -- if message_send.cost
        FROM {project:Identifier}.message_send
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
        GROUP BY user_id, name
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            user_id
            , count() AS of_messages
            , toFloat64(ifNull(sum(toInt128(total_tokens)), 0)) AS of_tokens -- if message_send.total_tokens
            , sum(of_messages) OVER () AS all_messages
            , sum(of_tokens) OVER () AS all_tokens -- if message_send.total_tokens
            , 1 / (1 - of_messages / all_messages) AS messages_weight
            , 1 / (1 - of_tokens / all_tokens) AS tokens_weight -- if message_send.total_tokens
            , count() OVER () AS n
        FROM {project:Identifier}.message_send
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
        GROUP BY user_id
    ),
    weighed AS (
        SELECT
            *
            , sum(pow(messages_weight * of_messages, 2)) OVER () AS messages_square
            , sum(pow(tokens_weight * of_tokens, 2)) OVER () AS tokens_square -- if message_send.total_tokens
        FROM installs
    )
SELECT
    nullIf(name, '') AS model
    , sum(its_messages) AS messages
    , messages / any(all_messages) AS message_share
    , sqrt(greatest(0,
        sum(pow(messages_weight * its_messages, 2))
        - 2 * message_share * sum(pow(messages_weight, 2) * of_messages * its_messages)
        + pow(message_share, 2) * any(messages_square)
    ) * (1 - 1 / any(n))) / any(all_messages) AS message_share_se
    , count() AS installs
    , installs / any(n) AS install_share
    , sqrt(install_share * (1 - install_share) / (any(n) - 1)) AS install_share_se
    -- if message_send.total_tokens:
    , sum(its_tokens) AS tokens
    , toFloat64(tokens) / any(all_tokens) AS token_share
    , sqrt(greatest(0,
        sum(pow(tokens_weight * toFloat64(its_tokens), 2))
        - 2 * token_share * sum(pow(tokens_weight, 2) * of_tokens * toFloat64(its_tokens))
        + pow(token_share, 2) * any(tokens_square)
    ) * (1 - 1 / any(n))) / any(all_tokens) AS token_share_se
    -- end
    , round(sum(its_cost), 6) AS cost -- if message_send.cost
    , any(n) AS of_installs
FROM used
INNER JOIN weighed USING (user_id)
GROUP BY name
ORDER BY messages DESC, name
