import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import PhoneNumbers
import Reports

/// Campaigns: the list, one of them, and changing it.
enum CampaignEndpoints {
    static var all: [Endpoint] {
        [list, add, duplicate, one] + CampaignChangeEndpoints.all + CampaignMetricEndpoints.all
            + RecipientEndpoints.all
    }

    static let campaign = Schema.fields(
        ("id", .identifier),
        ("name", .text),
        ("channel", .word(CampaignChannel.self)),
        ("status", .word(CampaignStatus.self)),
        ("windowDays", .count),
        ("starts", .optional(.instant)),
        ("ends", .optional(.instant)),
        ("agentNumbers", .list(.text))
    )

    static func json(_ campaign: Campaign) -> [JSONValue.Field] {
        [
            .init(name: "id", value: .integer(campaign.id.number)),
            .init(name: "name", value: .text(campaign.name)),
            .init(name: "channel", value: .text(campaign.channel.rawValue)),
            .init(name: "status", value: .text(campaign.status.rawValue)),
            .init(name: "windowDays", value: .count(campaign.windowDays)),
            .init(name: "starts", value: .optional(campaign.startsUnix.map(ISOTime.text(unix:)))),
            .init(name: "ends", value: .optional(campaign.endsUnix.map(ISOTime.text(unix:)))),
            .init(
                name: "agentNumbers",
                value: .list(campaign.agentNumbers.map { .text($0.text) })
            ),
        ]
    }

    static func find(_ ask: Ask) async throws -> Campaign {
        let id = CampaignID(try ask.number("id", "campaign"))
        guard let found = try await ask.parts.store.campaign(id) else {
            throw APIError(.notFound, "There is no such campaign.")
        }
        return found
    }

    // MARK: Campaigns

    private static let listed = campaign.adding(
        ("recipients", .count),
        ("calls", .count),
        ("conversions", .count)
    )

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/campaigns",
        summary: "Campaigns with what they brought.",
        query: CallEndpoints.paging,
        answer: .page(listed)
    ) { ask in
        let query = ask.query
        let limit = try query.limit()
        let after = try query.integer("cursor", in: 1...Int.max)
        let page = try await ask.parts.store.campaignFigures(
            after: after.map { CampaignID(Int64($0)) },
            limit: limit
        )
        let items = page.map { figures in
            JSONValue.object(
                json(figures.campaign) + [
                    .init(name: "recipients", value: .count(figures.recipients)),
                    .init(name: "calls", value: .count(figures.calls)),
                    .init(name: "conversions", value: .count(figures.conversions)),
                ]
            )
        }
        let last = page.last?.campaign.id.description
        return .page(items, next: page.count < limit ? nil : last, query)
    }

    private static let add = Endpoint(
        method: .post,
        path: "/api/v1/campaigns",
        summary: "Add a campaign.",
        body: .sent(
            [("name", .bounded(1...200)), ("channel", .word(CampaignChannel.self))],
            optional: [
                ("windowDays", .integer(1...730)), ("starts", .text), ("ends", .text),
            ]
        ),
        answer: campaign,
        status: .created
    ) { ask in
        let sent = try await ask.body(CampaignSent.self)
        try sent.check()
        guard let name = sent.name, let channel = sent.channel.flatMap(CampaignChannel.init) else {
            throw APIError(.badRequest, "A campaign needs a name and a channel.")
        }
        let new = NewCampaign(
            name: name,
            channel: channel,
            windowDays: sent.windowDays,
            startsUnix: try sent.startsUnix(),
            endsUnix: try sent.endsUnix()
        )
        return try await added(new, like: nil, ask)
    }

    private static let duplicate = Endpoint(
        method: .post,
        path: "/api/v1/campaigns/{id}/duplicate",
        summary: "Add a draft with a campaign's settings, without its recipients.",
        body: .sent([("name", .bounded(1...200))]),
        answer: campaign,
        status: .created
    ) { ask in
        let sent = try await ask.body(CampaignSent.self)
        try sent.check()
        guard let name = sent.name else { throw APIError(.badRequest, "It needs a name.") }
        let former = try await find(ask)
        return try await added(NewCampaign(like: former, named: name), like: former.id, ask)
    }

    private static func added(
        _ new: NewCampaign,
        like former: CampaignID?,
        _ ask: Ask
    ) async throws -> Response {
        let person = ask.person
        var fields: [String: StoredValue] = ["name": .text(new.name)]
        if let former { fields["like"] = .integer(former.number) }
        let noted = fields
        let id = try await ask.parts.store.write { writer in
            guard try writer.campaign(named: new.name, in: new.workspace) == nil else {
                throw StoreError.rejected(reason: "There is a campaign of this name already.")
            }
            let id = try writer.add(new)
            try writer.audit(
                AuditNote(
                    actor: person,
                    action: "campaign.add",
                    object: "campaign:\(id)",
                    after: noted
                )
            )
            return id
        }
        guard let added = try await ask.parts.store.campaign(id) else {
            throw APIError(.internalError, "The campaign was added and is gone.")
        }
        return .json(.object(json(added)), status: .created)
    }

    private static let one = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}",
        summary: "One campaign with its figures, callers, funnel and cost.",
        answer: campaign.adding(
            ("figures", MetricEndpoints.figures),
            (
                "callers",
                .fields(
                    ("unique", .count),
                    ("anonymousCalls", .count),
                    ("qualified", .count),
                    ("converting", .count)
                )
            ),
            ("funnel", .fields(("totals", .list(step)), ("samePeople", .list(step)))),
            ("costPerConversion", .optional(.number))
        )
    ) { ask in
        let id = CampaignID(try ask.number("id", "campaign"))
        guard let report = try await ask.parts.store.campaignReport(id) else {
            throw APIError(.notFound, "There is no such campaign.")
        }
        return .json(
            .object(
                json(report.campaign) + [
                    .init(name: "figures", value: MetricEndpoints.json(report.figures.total)),
                    .init(
                        name: "callers",
                        value: .fields(
                            ("unique", .count(report.callers.unique)),
                            ("anonymousCalls", .count(report.callers.anonymousCalls)),
                            ("qualified", .count(report.callers.qualified)),
                            ("converting", .count(report.callers.converting))
                        )
                    ),
                    .init(
                        name: "funnel",
                        value: .fields(
                            ("totals", .list(report.funnel.totals.map(json))),
                            ("samePeople", .list(report.funnel.samePeople.map(json)))
                        )
                    ),
                    .init(
                        name: "costPerConversion",
                        value: report.costPerConversion.map { .number($0) } ?? .null
                    ),
                ]
            )
        )
    }

    private static let step = Schema.fields(
        ("step", .word(FunnelStep.self)),
        ("events", .optional(.count)),
        ("recipients", .optional(.count)),
        ("medianSeconds", .optional(.count))
    )

    private static func json(_ count: FunnelCount) -> JSONValue {
        .fields(
            ("step", .text(count.step.rawValue)),
            ("events", .optional(count.events)),
            ("recipients", .optional(count.recipients)),
            ("medianSeconds", .optional(count.medianSeconds))
        )
    }
}
