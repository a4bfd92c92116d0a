import CallStore
import Hummingbird

extension PageDesk {
    /// A campaign's recipients: all, those who called, those who did not; found by name.
    func recipients(_ query: PageQuery, _ id: String?) async throws -> Page {
        guard let number = id.flatMap({ Int64($0) }),
            let campaign = try await store.campaign(CampaignID(number))
        else { throw APIError(.notFound, "There is no such campaign.") }
        let search = query["q"].map { String($0.prefix(Self.recipientSearchMax)) }
        let found = try await store.recipients(
            of: campaign.id,
            hasCalled: query.choice("called"),
            hasConverted: query.choice("converted"),
            isHeldOut: query.choice("heldout"),
            touch: query.touch,
            search: search,
            after: query["cursor"].flatMap { Int64($0) }.map { RecipientID($0) },
            limit: WebLimits.pageRows
        )
        var view: View = [
            "name": campaign.name, "campaignHref": query.link("/campaigns/\(number)"),
            "choices": Self.recipientChoices.map { label, choice -> View in
                let changes: [String: String?] = [
                    "called": choice["called"], "converted": choice["converted"],
                    "heldout": choice["heldout"],
                ]
                return [
                    "label": label, "href": query.link(nil, changes),
                    "active": changes.allSatisfy { query[$0.key] == $0.value },
                ]
            },
            "people": found.map(recipient), "isEmpty": found.isEmpty,
            "withCalls": query.choice("called") != false,
            "withNotes": found.contains(where: \.isHeldOut),
            "search": search ?? "", "recipientFields": query.fields(without: ["q"]),
        ]
        if let touch = query.touch {
            view["touch"] = Self.touchWords[touch] ?? touch.rawValue
            view["touchHref"] = query.link(nil, ["touch": nil])
        }
        if found.count == WebLimits.pageRows, let last = found.last {
            view["nextHref"] = query.link(nil, ["cursor": "\(last.id.number)"])
        }
        if query["cursor"] != nil { view["firstHref"] = query.link() }
        return Page(template: .recipients, title: "Recipients of \(campaign.name)", view: view)
    }

    private static let recipientSearchMax = 200

    private static let recipientChoices: [(String, [String: String])] = [
        ("all", [:]), ("called", ["called": "yes"]), ("did not call", ["called": "no"]),
        ("converted", ["converted": "yes"]),
        ("called, not converted", ["called": "yes", "converted": "no"]),
        ("held out", ["heldout": "yes"]),
    ]

    private static let touchWords: [Touch.Kind: String] = [
        .sent: "to whom something was sent", .delivered: "whom it reached",
        .scan: "who scanned a code", .pageView: "who saw the page",
    ]

    /// Recipients of a campaign that nobody's call is credited to, for the campaign's own page.
    func unmatchedPeople(_ campaign: CampaignID, _ query: PageQuery) async throws -> View {
        let found = try await store.recipients(
            of: campaign,
            hasCalled: false,
            limit: Self.unmatchedShown
        )
        return [
            "people": found.map(recipient), "hasPeople": !found.isEmpty,
            "withNotes": found.contains(where: \.isHeldOut),
            "peopleHref": query.link("/campaigns/\(campaign.number)/recipients", ["called": "no"]),
        ]
    }

    private static let unmatchedShown = 10

    private func recipient(_ recipient: ListedRecipient) -> View {
        [
            "reference": recipient.reference, "person": recipient.name ?? "–",
            "number": PageWords.caller(recipient.number, kind: nil),
            "touched": recipient.lastTouchUnix.map(words.time) ?? "never",
            "calls": Self.whether(recipient.calls),
            "conversions": Self.whether(recipient.conversions),
            "heldOut": recipient.isHeldOut ? "held out" : "",
        ]
    }

    /// `no`, or `yes` with how often.
    private static func whether(_ count: Int) -> String {
        count == 0 ? "no" : "yes (\(PageWords.count(count)))"
    }
}

extension PageQuery {
    /// Only those with a touch of this kind.
    fileprivate var touch: Touch.Kind? { self["touch"].flatMap { Touch.Kind(rawValue: $0) } }

    /// Whether only those are asked for of whom something is so, or is not.
    fileprivate func choice(_ name: String) -> Bool? {
        switch self[name] {
        case "yes": true
        case "no": false
        default: nil
        }
    }
}
