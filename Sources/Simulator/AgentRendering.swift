extension Agent {
    /// An item of the agents' list: `AgentSummaryResponseModel`.
    package var json: JSON {
        [
            "agent_id": .string(identifier),
            "name": .string(name),
            "tags": [],
            "created_at_unix_secs": .int(created),
            "updated_at_unix_secs": .int(updated),
            "voice_id": .string(voice),
            "access_info": [
                "is_creator": true,
                "creator_name": "Simulated Owner",
                "creator_email": "owner@example.com",
                "role": "admin",
            ],
            "last_call_time_unix_secs": nil,
            "archived": false,
        ]
    }
}

extension AgentLine {
    /// An item of the phone numbers' array.
    package func json(of agent: Agent) -> JSON {
        var item: JSON = [
            "phone_number": .string(number.e164),
            "label": .string(label),
            "supports_inbound": true,
            "supports_outbound": .bool(carrier != .exotel),
            "phone_number_id": .string(identifier),
            "assigned_agent": [
                "agent_id": .string(agent.identifier), "agent_name": .string(agent.name),
            ],
            "provider": .string(carrier.rawValue),
        ]
        if carrier == .sip {
            item["provider_config"] = nil
            item["outbound_trunk"] = nil
            item["inbound_trunk"] = nil
            item["livekit_stack"] = "standard"
        }
        return item
    }
}
