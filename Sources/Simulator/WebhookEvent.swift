import Crypto
package import NIOCore

/// A webhook as it is about to be sent.
package struct WebhookEvent: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case transcription = "post_call_transcription"
        case audio = "post_call_audio"
        case initiationFailure = "call_initiation_failure"
        /// What a newer upstream might send; a client must take it.
        case unknown = "post_call_horoscope"
    }

    package let kind: Kind
    package let index: Int
    /// When it happened, in Unix seconds.
    package let moment: Int
}

/// Options of the webhooks.
package struct WebhookSettings: Sendable, Equatable {
    package var url: String
    package var secret: String
    /// Whether failed deliveries are repeated; off, as it is upstream.
    package var retries = false
    /// What the upstream's delays are multiplied with.
    package var retryScale = 1.0
    package var withAudio = false
    package var withoutTranscript = false
    /// Whether many failures in a row and no success end the deliveries.
    package var autoDisable = false

    package init(url: String, secret: String) {
        self.url = url
        self.secret = secret
    }
}

/// Signs bodies the way the upstream does.
package enum WebhookSignature {
    package static let header = "ElevenLabs-Signature"

    /// The value of the header: `t=<unix seconds>,v0=<hex HMAC-SHA256 of "t.body">`.
    package static func value(body: ByteBuffer, secret: String, time: Int) -> String {
        var hash = HMAC<SHA256>(key: SymmetricKey(data: Array(secret.utf8)))
        hash.update(data: Array("\(time).".utf8))
        hash.update(data: Array(body.readableBytesView))
        let digits = hash.finalize().map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return "t=\(time),v0=" + digits.joined()
    }
}

extension SimulatedUpstream {
    /// The events that happen after `from` and not after `to`, in their order.
    package func events(
        after from: Int,
        through to: Int,
        _ settings: WebhookSettings
    ) -> [WebhookEvent] {
        let oldest = world.count(at: from - CallPlanner.lifetimeMax)
        let newest = world.count(at: to)
        var events = reruns(after: from, through: to)
        guard oldest < newest else { return events }
        events += (oldest..<newest).flatMap { index -> [WebhookEvent] in
            let plan = world.planner.plan(index)
            guard let finished = plan.finished, from < finished, finished <= to,
                !world.isDeleted(index)
            else { return [] }
            return kinds(plan, settings).map {
                WebhookEvent(kind: $0, index: index, moment: finished)
            }
        }
        return events.sorted { ($0.moment, $0.index) < ($1.moment, $1.index) }
    }

    /// The events of analyses that were run anew.
    private func reruns(after from: Int, through to: Int) -> [WebhookEvent] {
        let quirks = world.quirks
        guard quirks.hasReruns else { return [] }
        let oldest = world.count(at: from - CallPlanner.lifetimeMax - Quirks.latest)
        let newest = world.count(at: to)
        guard oldest < newest else { return [] }
        return (oldest..<newest).compactMap { index in
            guard Quirks.announcesRerun(index), let after = quirks.rerun(index) else { return nil }
            let plan = world.planner.plan(index)
            guard plan.ending == .done, let finished = plan.finished,
                from < finished + after, finished + after <= to, !world.isDeleted(index)
            else { return nil }
            return WebhookEvent(kind: .transcription, index: index, moment: finished + after)
        }
    }

    private func kinds(_ plan: CallPlan, _ settings: WebhookSettings) -> [WebhookEvent.Kind] {
        switch plan.ending {
        case .unanswered:
            return [.initiationFailure]
        case .failed, .neverFinishes:
            // The transcription event follows the analysis, which a broken call never gets.
            return []
        case .done:
            let audible = settings.withAudio && !plan.channel.isTextOnly && plan.privacy == .kept
            let odd = Hostility.hasUnknownEvent(plan.index, faults.profile)
            return [.transcription] + (audible ? [.audio] : []) + (odd ? [.unknown] : [])
        }
    }

    /// The body of an event.
    package func body(of event: WebhookEvent, _ settings: WebhookSettings) -> ByteBuffer {
        let record = world.record(event.index, at: event.moment)
        let envelope: JSON = [
            "type": .string(event.kind.rawValue),
            "event_timestamp": .int(event.moment),
            "data": data(of: event, record, settings),
        ]
        return envelope.buffer
    }

    private func data(
        of event: WebhookEvent,
        _ record: CallRecord,
        _ settings: WebhookSettings
    ) -> JSON {
        switch event.kind {
        case .transcription:
            var detail = record.detail()
            if settings.withoutTranscript { detail["transcript"] = nil as JSON? }
            return Hostility.dress(
                detail: detail,
                of: event.index,
                faults.profile,
                seed: world.settings.seed
            )
        case .audio:
            return [
                "agent_id": .string(record.agent.identifier),
                "conversation_id": .string(record.plan.identifier),
                "full_audio": .string(SilentAudio.base64),
            ]
        case .initiationFailure:
            return [
                "agent_id": .string(record.agent.identifier),
                "conversation_id": .string(record.plan.identifier),
                "failure_reason": record.plan.scenario == .busy ? "busy" : "no-answer",
                "metadata": record.failureMetadata,
            ]
        case .unknown:
            return [
                "conversation_id": .string(record.plan.identifier), "sign": "capricorn",
            ]
        }
    }
}

extension CallRecord {
    /// What the carrier said about a call that nobody answered.
    fileprivate var failureMetadata: JSON {
        let ours = line?.number.e164 ?? ""
        let theirs = externalNumber ?? ""
        let busy = plan.scenario == .busy
        guard line?.carrier == .sip else {
            return [
                "type": "twilio",
                "body": [
                    "CallSid": .string(callIdentifier),
                    "CallStatus": busy ? "busy" : "no-answer",
                    "From": .string(ours),
                    "To": .string(theirs),
                    "Direction": "outbound-api",
                    "SipResponseCode": busy ? "486" : "487",
                    "Duration": "0",
                ],
            ]
        }
        return [
            "type": "sip",
            "body": [
                "from_number": .string(ours),
                "to_number": .string(theirs),
                "sip_status_code": busy ? 486 : 480,
                "error_reason": busy ? "INVITE failed: 486" : "INVITE failed: 480",
                "call_sid": .string(callIdentifier),
                "sip_status": busy ? "Busy here" : "Temporarily unavailable",
            ],
        ]
    }
}
