-- For people who already query a table of this name and these columns.
--
-- raw_data has the shape of the upstream's detail, made of what the store keeps; the bodies as
-- they came stand compressed in raw_bodies. Times are ISO 8601 in UTC.

create view elevenlabs_calls as
select
    calls.id as id,
    calls.conversation_id as conversation_id,
    calls.agent_id as agent_id,
    coalesce(calls.agent_number_e164, calls.agent_number_raw) as elevenlabs_phone_number,
    coalesce(call_parties.e164, nullif(call_parties.raw, '')) as caller_phone_number,
    strftime('%Y-%m-%dT%H:%M:%SZ', calls.started_unix, 'unixepoch') as call_started_at,
    case when calls.status_rank = 3 and calls.duration_seconds is not null then
        strftime(
            '%Y-%m-%dT%H:%M:%SZ', calls.started_unix + calls.duration_seconds, 'unixepoch'
        )
    end as call_ended_at,
    calls.duration_seconds as call_duration_seconds,
    case
        when calls.call_successful in ('success', 'failure') then calls.call_successful
        else 'unknown'
    end as call_status,
    case calls.call_result
        when 'answered' then 'answered'
        when 'no_answer' then 'no-answer'
        when 'no-answer' then 'no-answer'
        when 'busy' then 'busy'
        when 'voicemail' then 'voicemail'
    end as call_result,
    attributions.campaign_id as campaign_id,
    attributions.recipient_id as recipient_id,
    coalesce(conversions.outcome = 'yes', 0) as is_conversion,
    conversions.note as conversion_notes,
    (
        select group_concat(line, char(10))
        from (
            select
                case turns.speaker when 'caller' then 'Caller: ' else 'Agent: ' end
                || turns.message as line
            from turns
            where turns.call_id = calls.id and turns.message is not null
            order by turns.position
        )
    ) as transcript_text,
    json_object(
        'conversation_id', calls.conversation_id,
        'agent_id', calls.agent_id,
        'agent_name', calls.agent_name,
        'branch_id', calls.branch_id,
        'version_id', calls.version_id,
        'status', calls.status,
        'user_id', calls.user_id,
        'tag_ids', json(coalesce(calls.tags, '[]')),
        'metadata', json_object(
            'start_time_unix_secs', calls.started_unix,
            'accepted_time_unix_secs', calls.accepted_unix,
            'call_duration_secs', calls.duration_seconds,
            'cost', calls.cost_credits,
            'cost_fiat', calls.cost_dollars,
            'termination_reason', calls.termination_reason,
            'main_language', calls.language,
            'conversation_initiation_source', calls.initiation_source,
            'phone_call', case when calls.channel = 'phone' then json_object(
                'direction', calls.direction,
                'phone_number_id', calls.phone_number_id,
                'agent_number', calls.agent_number_raw,
                'external_number', call_parties.raw,
                'call_result', calls.call_result
            ) end,
            'batch_call', case when calls.batch_call_id is not null then json_object(
                'batch_call_id', calls.batch_call_id,
                'batch_call_recipient_id', calls.batch_recipient_id
            ) end
        ),
        'analysis', case when calls.call_successful is not null then json_object(
            'call_successful', calls.call_successful,
            'call_success_score', calls.success_score,
            'transcript_summary', calls.summary,
            'call_summary_title', calls.title,
            'evaluation_criteria_results_list', json(coalesce(calls.criteria, '[]')),
            'data_collection_results_list', json(coalesce(calls.collected, '[]'))
        ) end,
        'conversation_initiation_client_data', json_object(
            'dynamic_variables', json(coalesce(calls.dynamic_variables, '{}'))
        ),
        'transcript', json((
            select coalesce(json_group_array(json(turn)), '[]')
            from (
                select json_object(
                    'role', case turns.speaker when 'caller' then 'user' else 'agent' end,
                    'message', turns.message,
                    'time_in_call_secs', turns.seconds_in,
                    'interrupted', json(iif(turns.was_interrupted, 'true', 'false')),
                    'tool_calls', json(coalesce(turns.tool_calls, '[]')),
                    'tool_results', json(coalesce(turns.tool_results, '[]'))
                ) as turn
                from turns
                where turns.call_id = calls.id
                order by turns.position
            )
        ))
    ) as raw_data,
    strftime('%Y-%m-%dT%H:%M:%SZ', calls.fetched_ms / 1000, 'unixepoch') as synced_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', calls.created_ms / 1000, 'unixepoch') as created_at
from calls
left join call_parties on call_parties.call_id = calls.id
left join attributions on attributions.call_id = calls.id
left join conversions on conversions.call_id = calls.id;
