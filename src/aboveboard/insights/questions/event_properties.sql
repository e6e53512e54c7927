-- What do one event's properties say: which values how often, and numbers of what size?
WITH
    asked AS (
        SELECT session FROM {project:Identifier}.sessions -- only starts tell a version or a system
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    -- What stands in a value's place where there is none: no value, one beyond the most frequent,
    -- a number. No kind can produce these; see events.sql for the hashes.
    '\0' AS nothing, '\1' AS rest, '\2' AS some_number,
    told AS (
        SELECT 0 AS place, '' AS value, toUInt64(0) AS install, toUInt64(0) AS its_times
        WHERE false
        -- for each word:
        UNION ALL
        (
            WITH (
                SELECT groupArray(word) FROM (
                    SELECT toString(assumeNotNull({column:Identifier})) AS word
                    FROM {project:Identifier}.{table:Identifier}
                    WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
                        AND isNotNull({column:Identifier})
                        AND session IN asked -- if filtered
                    GROUP BY word
                    ORDER BY count() DESC, word
                    LIMIT 12
                )
            ) AS frequent
            SELECT
                {place:UInt16}
                , multiIf(number = 0, rest, number = 255, nothing, frequent[number])
                , cityHash64(user_id) AS install
                , count()
            FROM {project:Identifier}.{table:Identifier}
            WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
                AND session IN asked -- if filtered
            GROUP BY
                install
                -- A word's number is grouped in two thirds of the time that the word takes.
                , if(isNull({column:Identifier}), 255, toUInt8(transform(
                    toString(assumeNotNull({column:Identifier}))
                    , arrayPushBack(frequent, rest)
                    , range(1, length(frequent) + 2)
                    , 0
                ))) AS number
        )
        -- end
        -- for each number:
        UNION ALL
        SELECT
            {place:UInt16}
            , if(isNull({column:Identifier}), nothing, some_number) AS value
            , cityHash64(user_id) AS install
            , count()
        FROM {project:Identifier}.{table:Identifier}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
        GROUP BY install, value
        -- end
    ),
    sizes AS (
        SELECT 0 AS place, 0. AS sum, [0., 0.] AS quantiles WHERE false
        -- for each number:
        UNION ALL
        SELECT
            {place:UInt16}
            -- Millionths as whole numbers: their sum neither wraps nor depends on its order.
            , toFloat64(sum(toInt128(round(least(toFloat64({column:Identifier}), 1e16) * 1e6)))) / 1e6
            -- Eleven binary digits: whole numbers up to 2048 as they are, others at most 0.1 %
            -- short, and so few different ones that each can be counted.
            , quantilesExactWeighted(0.5, 0.9)(
                reinterpretAsFloat64(bitAnd(
                    reinterpretAsUInt64(toFloat64(assumeNotNull({column:Identifier})))
                    , 0xFFFFFC0000000000
                ))
                , 1
            )
        FROM {project:Identifier}.{table:Identifier}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND isNotNull({column:Identifier})
            AND session IN asked -- if filtered
        HAVING count() > 0
        -- end
    ),
    properties AS (
        SELECT 0 AS place, '' AS property, '' AS kind, '' AS unit WHERE false
        -- for each property:
        UNION ALL SELECT {place:UInt16}, {property:String}, {kind:String}, {unit:String}
        -- end
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            cityHash64(user_id) AS install
            , count() AS of_times
            , sum(of_times) OVER () AS all_times
            , 1 / (1 - of_times / all_times) AS weight
            , count() OVER () AS n
        FROM {project:Identifier}.{table:Identifier}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
        GROUP BY install
    ),
    weighed AS (
        SELECT *, sum(pow(weight * of_times, 2)) OVER () AS square FROM installs
    ),
    counted AS (
        SELECT
            place
            , transform(
                value, [nothing, rest, some_number], ['none', 'rest', 'number'], 'value'
            ) AS what
            , if(what = 'value', value, NULL) AS word
            , sum(its_times) AS times
            , times / any(all_times) AS share
            , sqrt(greatest(0,
                sum(pow(weight * its_times, 2))
                - 2 * share * sum(pow(weight, 2) * of_times * its_times)
                + pow(share, 2) * any(square)
            ) * (1 - 1 / any(n))) / any(all_times) AS share_se
            , count() AS installs
            , any(n) AS of_installs
        FROM told
        INNER JOIN weighed USING (install)
        GROUP BY place, value
    )
SELECT
    {event:String} AS event
    , property
    , kind
    , unit
    , what
    , word AS value
    , times
    , share
    , share_se
    , installs
    , of_installs
    , if(what = 'number', sizes.sum, NULL) AS sum
    , if(what = 'number', sizes.quantiles[1], NULL) AS median
    , if(what = 'number', sizes.quantiles[2], NULL) AS p90
FROM counted
INNER JOIN properties USING (place)
LEFT JOIN sizes USING (place)
ORDER BY place, indexOf(['number', 'value', 'rest', 'none'], what), times DESC, value
