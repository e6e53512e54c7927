    -- Failures of the time `when`; no other rows are read. A crash is an exception that nothing
    -- handled. An error of the package that speaks to models is their provider's failure; any other
    -- that a program tells of itself, it has handled.
    failed AS (
        SELECT 0 AS kind, '' AS type, '' AS print, [''] AS frames, [''] AS causes, toUInt64(0) AS user_id, toUInt64(0) AS session, toDateTime(0, 'UTC') AS time WHERE false
        --% if has("exception.error")
        UNION ALL SELECT 1, error_type, error_fingerprint, error_frames, error_causes, user_id, session, time FROM {{ all_rows("exception") }}
            WHERE {{ when }}
            --% if has("exception.handled")
            AND handled IS NOT TRUE
            --% endif
        --% endif
        --% if has("exception.handled")
        UNION ALL SELECT 2, error_type, error_fingerprint, error_frames, error_causes, user_id, session, time FROM {{ all_rows("exception") }} WHERE {{ when }} AND handled
        --% endif
        --% if has("message_send_exception.error")
        UNION ALL SELECT if(startsWith(ifNull(error_type, ''), 'litellm.'), 3, 2), error_type, error_fingerprint, error_frames, error_causes, user_id, session, time FROM {{ all_rows("message_send_exception") }} WHERE {{ when }}
        --% endif
        --% if has("oauth_flow_save_failed.error")
        UNION ALL SELECT 2, error_type, error_fingerprint, error_frames, error_causes, user_id, session, time FROM {{ all_rows("oauth_flow_save_failed") }} WHERE {{ when }}
        --% endif
        --% if has("provider_error.error")
        UNION ALL SELECT 3, error_type, error_fingerprint, error_frames, error_causes, user_id, session, time FROM {{ all_rows("provider_error") }} WHERE {{ when }}
        --% endif
    ),
    -- Of the same type, frames and causes there are many rows and one group: hashes of 64 bits take a
    -- fraction of the time and the memory of the words. That two of ten million are alike has a chance
    -- of one in 300,000.
    told AS MATERIALIZED (
        SELECT
            kind
            , ifNull(CAST(type, 'Nullable(String)'), '') AS its_type
            , CAST(arrayElement(frames, -1), 'String') AS frame
            , cityHash64(kind, its_type, ifNull(CAST(print, 'Nullable(String)'), ''), {{ group.place("frame") }}, causes, if(empty(ifNull(print, '')), frames, [])) AS alike
            , frames
            , causes
            , user_id
            , session
            , cityHash64(session) AS run
            , time
        FROM failed
    ),
    -- Words of one row stand for those of all that is alike. Each step has a name, since ClickHouse takes
    -- longer to understand a text that repeats them than to work it out for so few.
    words_of AS (
        SELECT
            alike
            , any(kind) AS its_kind
            , any(its_type) AS name
            , any(frames) AS its_frames
            , any(causes) AS its_causes
        FROM told
        GROUP BY alike
    ),
    lines_of AS (
        SELECT *, {{ group.all_places("its_frames") }} AS all_places FROM words_of
    ),
    places_of AS (
        SELECT *, {{ group.places("all_places") }} AS its_places FROM lines_of
    ),
    around_of AS (
        SELECT *, {{ group.around("its_places") }} AS its_around FROM places_of
    ),
    -- A group is told by what is alike, so that it is the same in whatever period it is looked at.
    kinds_of AS (
        SELECT
            alike
            , its_kind
            , name
            , {{ group.v1("name", "all_places", "its_places", "its_around", "its_causes") }} AS grouped
            , cityHash64(its_kind, grouped) AS which
        FROM around_of
    ),
