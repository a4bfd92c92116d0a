/// What the misbehaving upstream does to the deliveries of an event.
struct WebhookMischief: Equatable {
    /// How long each copy is held back; none for an event that is never sent.
    var delays: [Duration]

    /// An event of the same kind and call has another fate when the analysis was run anew.
    init(_ event: WebhookEvent, _ profile: FaultProfile, seed: UInt64) {
        let place = event.index &* 64 &+ event.kind.ordinal &* 8 &+ event.moment % 8
        var draw = Draw(seed: seed, stream: .delivery, index: -1 - place)
        guard !draw.chance(profile[.dropWebhooks]) else {
            delays = []
            return
        }
        let copies = draw.chance(profile[.duplicateWebhooks]) ? 2 : 1
        delays = (0..<copies).map { _ in
            if draw.chance(profile[.lateWebhooks]) { return .seconds(draw.int(in: 600...2_400)) }
            if draw.chance(profile[.reorderWebhooks]) {
                return .milliseconds(draw.int(in: 1_000...5_000))
            }
            return .zero
        }
    }
}

extension WebhookEvent.Kind {
    fileprivate var ordinal: Int {
        switch self {
        case .transcription: 0
        case .audio: 1
        case .initiationFailure: 2
        case .unknown: 3
        }
    }
}

extension SimulatedUpstream {
    /// How long each delivery of an event is held back; none when it is never sent.
    package func delays(of event: WebhookEvent) -> [Duration] {
        let mischief = WebhookMischief(event, faults.profile, seed: world.settings.seed)
        if mischief.delays.isEmpty { faults.count("webhook_dropped") }
        if mischief.delays.count > 1 { faults.count("webhook_duplicated") }
        if mischief.delays.contains(where: { $0 >= .seconds(600) }) { faults.count("webhook_late") }
        if mischief.delays.contains(where: { $0 > .zero && $0 < .seconds(600) }) {
            faults.count("webhook_reordered")
        }
        return mischief.delays
    }
}
