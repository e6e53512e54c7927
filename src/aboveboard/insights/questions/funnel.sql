-- How many go on from one event to the next, in this order?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    --% if within == "session"
    -- Sessions that began in the period, whenever they ended.
    begun AS (
        SELECT session FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    ),
    --% endif
    -- What takes a step, and in which place. In a session that is `seq`. In a period it is the hour,
    -- since no finer time is known; in one hour one session stands behind the other, each in its order.
    happened AS (
        --% for step in steps
        --% if not loop.first
        UNION ALL
        --% endif
        SELECT
            toUInt8({{ step.number }}) AS number
            , user_id
            --% if within == "session"
            , session AS run
            , toUInt64(seq) + 1 AS place
            --% else
            , toUInt64(0) AS run
            , bitShiftLeft(toUInt128(toUnixTimestamp(time)), 96) + bitShiftLeft(toUInt128(session), 32) + seq + 1 AS place
            --% endif
        FROM {{ rows(step.table) }}
        --% if within == "session"
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
        --% else
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        --% endif
        --% endfor
    ),
    -- Each step at its first place behind that of the step before: an event takes one step only, and
    -- of two in one place neither is behind the other. Taking the first loses nobody, and of the last
    -- step any that is behind will do.
    reached AS (
        SELECT
            user_id
            , run
            --% for step in steps
            --% if loop.first
            , minIf(place, number = 1) AS at_1
            --% elif loop.last
            , maxIf(place, number = {{ step.number }}) AS last_place
            , if(at_{{ loop.index0 }} > 0 AND last_place > at_{{ loop.index0 }}, last_place, 0) AS at_{{ loop.index }}
            --% else
            , groupArrayIf(place, number = {{ step.number }}) AS places_{{ loop.index }}
            , if(at_{{ loop.index0 }} = 0, 0, arrayMin(arrayFilter(each -> each > at_{{ loop.index0 }}, places_{{ loop.index }}))) AS at_{{ loop.index }}
            --% endif
            --% endfor
        FROM happened
        GROUP BY user_id, run
        HAVING at_1 > 0
            --% if within == "session"
            AND run IN begun
            --% endif
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            user_id
            , {{ share.bucket("user_id") }}
            , count() AS its_first
            , [{% for step in steps %}{{ ", " if not loop.first }}countIf(at_{{ loop.index }} > 0){% endfor %}] AS its_steps
            , {{ share.weigh("its_first") }}
        FROM reached
        GROUP BY user_id
    ),
    weighed AS (
        SELECT
            *
            , {{ share.square("its_first") }}
        FROM installs
    ),
    told AS (
        SELECT
            *
            , number
            , its_steps[number] AS its_times
            , its_steps[greatest(number, 2) - 1] AS its_before
            , 1 / (1 - its_before / sum(its_before) OVER (PARTITION BY number)) AS weight
            , {{ share.most("its_before", "PARTITION BY number") }} AS most
        FROM weighed
        ARRAY JOIN arrayEnumerate(its_steps) AS number
    ),
    counted AS (
        SELECT
            number
            , sum(its_times) AS times
            , countIf(its_times > 0) AS its_installs
            , {{ share.of_all("its_times", "its_first") }} AS of_first
            --% if compared
            , {{ share.buckets_of_all("its_times", "its_first") }} AS of_first_buckets
            --% endif
            , max(n) AS of_installs
        FROM told
        GROUP BY number
    ),
    gone_on AS (
        SELECT
            number
            , count() AS before_installs
            , {{ share.of_own("its_times", "its_before") }} AS of_before
        FROM told
        WHERE its_before > 0
        GROUP BY number
    ),
    named AS (
        --% for step in steps
        {{ "UNION ALL" if not loop.first }} SELECT {{ step.number }} AS number, {{ step.event }} AS event
        --% endfor
    )
SELECT
    named.number AS step
    , named.event AS event
    , counted.times AS times
    , counted.of_first AS share_sums
    --% if compared
    , counted.of_first_buckets AS share_buckets
    --% endif
    , if(step = 1, [], gone_on.of_before) AS before_share_sums
    , counted.its_installs AS installs
    , counted.of_installs AS of_installs
    , gone_on.before_installs AS before_installs
FROM named
LEFT JOIN counted ON counted.number = named.number
LEFT JOIN gone_on ON gone_on.number = named.number
ORDER BY step
