import Ambient
import Foundation
import HTTPClient
import Logging
import NIOCore
import Simulator
import Synchronization

/// What is compared between the simulator's truth and the store.
struct MonthCall: Sendable, Equatable {
    var status: String
    var startedUnix: Int
    var acceptedUnix: Int?
    var durationSeconds: Int
    var caller: String?
    var agentNumber: String?
    var direction: String?

    /// `success`, `failure` or `unknown`, which is also that there is none.
    var verdict: String
    var rating: Int?
    var turns: Int
    var turnsDigest: String
    var campaign: String?
    var recipient: String?
    var isConversion: Bool
}

/// One delivery of a webhook.
struct MonthDelivery: Sendable {
    fileprivate let event: WebhookEvent
    let conversation: String

    /// Of when its content is, and when it arrives; Unix seconds.
    let momentUnix: Int
    let arrivesUnix: Int

    /// Whether it is of a kind that tells of a call.
    let tellsOfCall: Bool
}

/// One row of a campaign's list.
struct MonthRecipient: Sendable {
    let campaign: String
    let channel: String
    let reference: String
    let name: String
    let phone: String
    let sentUnix: Int
    let deliveredUnix: Int?
}

/// A month of simulated conversations, asked without a network, whose wall clock the test moves.
final class SimulatedMonth: Sendable {
    /// 2026-11-14T23:46:40Z, when the history ends.
    static let anchor = 1_794_700_000
    static let days = 30
    static let secret = "wsec_month"
    static let key = "simulator"

    /// What the faults of the month are: the hostile set, and webhooks and analyses as they can
    /// really go wrong; pages are repeated and cursors expire so often that it happens in each.
    static let faults = [
        "drop-webhooks=0.3", "duplicate-webhooks=0.3", "reorder-webhooks=0.3", "late-webhooks=0.2",
        "late-ratings=0.5", "rerun-analysis=0.1", "repeat-pages=0.2", "expire-cursors=0.25",
    ]

    let ambient: Ambient
    private let simulation: SimulatedUpstream
    private let settings: WebhookSettings
    let wall: WallTime

    /// When the list first showed a conversation, Unix seconds.
    private let seen = Mutex<[String: Int]>([:])

    init(calls: Int, seed: UInt64) throws {
        let wall = WallTime(Self.anchor - Self.days * 86_400 - 3_600)
        ambient = wall.ambient(seed: seed)
        self.wall = wall
        settings = WebhookSettings(url: "http://127.0.0.1:1/", secret: Self.secret)
        simulation = SimulatedUpstream(
            WorldSettings(
                seed: seed,
                calls: calls,
                days: Self.days,
                anchor: Self.anchor,
                unfinished: 12
            ),
            apiKey: Self.key,
            faults: FaultProfile(.hostile, try Self.faults.map { try FaultSetting($0) }),
            ambient: ambient,
            logger: Logger(label: "month") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    var now: Int { wall.unix }

    func set(_ moment: Int) { wall.set(moment) }

    // MARK: The API

    /// Carries requests to the simulation.
    var transport: @Sendable (HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        { request async throws(HTTPError) in try self.answer(to: request) }
    }

    /// Answers a request as the simulator's server would.
    private func answer(to request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        guard let slashes = request.url.range(of: "://"),
            let path = request.url[slashes.upperBound...].firstIndex(of: "/")
        else { throw .invalidRequest(reason: "no path") }
        let target = String(request.url[path...])
        let reply = simulation.reply(
            to: APIRequest(
                request.method.rawValue,
                target,
                apiKey: request.headers["xi-api-key"]
            )
        )
        wall.pass(reply.delay + reply.drip)
        guard case .whole(let buffer) = reply.body else {
            throw .malformedResponse(reason: "the month asks for no pieces")
        }
        let bytes = Array(buffer.readableBytesView)
        guard bytes.count <= request.responseBytesMax else {
            throw .tooLarge(limit: request.responseBytesMax)
        }
        if let share = reply.cutAfter { throw .partial(received: Int(share * Double(bytes.count))) }
        if target.hasPrefix("/v1/convai/conversations?") { noteListed(bytes) }
        let headers = reply.headers.map { HTTPHeader($0.name, $0.value) }
        return HTTPResponse(
            head: HTTPResponseHead(
                status: reply.status,
                headers: HTTPHeaders(headers),
                version: .http1
            ),
            body: bytes
        )
    }

    private func noteListed(_ bytes: [UInt8]) {
        struct Page: Decodable {
            struct Row: Decodable {
                let id: String

                enum CodingKeys: String, CodingKey { case id = "conversation_id" }
            }

            let conversations: [Row]
        }
        let page: Page
        do {
            page = try JSONDecoder().decode(Page.self, from: Data(bytes))
        } catch {
            // A refusal, or an answer that nobody can read.
            return
        }
        let now = now
        seen.withLock { seen in
            for row in page.conversations where seen[row.id] == nil { seen[row.id] = now }
        }
    }

    /// When each conversation stood in a list for the first time.
    var listed: [String: Int] { seen.withLock { $0 } }

    var report: String {
        String(decoding: Data(simulation.faults.report.buffer.readableBytesView), as: UTF8.self)
    }

    func counted(_ fault: String) -> Int { simulation.faults.counted(fault) }

    // MARK: Webhooks

    /// The deliveries of all that happens after `from` and not after `to`, each with its delay.
    func deliveries(after from: Int, through to: Int) -> [MonthDelivery] {
        simulation.events(after: from, through: to, settings).flatMap { event in
            simulation.delays(of: event).map { delay in
                MonthDelivery(
                    event: event,
                    conversation: simulation.world.planner.plan(event.index).identifier,
                    momentUnix: event.moment,
                    arrivesUnix: event.moment + Int(delay.components.seconds),
                    tellsOfCall: [.transcription, .initiationFailure].contains(event.kind)
                )
            }
        }
    }

    /// The body of a delivery and the header that signs it, as of now.
    func signed(_ delivery: MonthDelivery) -> (body: String, signature: String) {
        let body = simulation.body(of: delivery.event, settings)
        let signature = WebhookSignature.value(body: body, secret: Self.secret, time: now)
        return (String(buffer: body), signature)
    }

    // MARK: The truth

    /// Every call that can be known, by its conversation, as of a moment.
    func truth(at moment: Int) -> [String: MonthCall] {
        var calls: [String: MonthCall] = [:]
        for index in 0..<simulation.world.count(at: moment) {
            let row = simulation.truth(of: index, at: moment)
            guard !row.isMalformed else { continue }
            calls[row.id] = Self.facts(row)
        }
        return calls
    }

    /// The calls as of several moments, each at its own.
    func truth(of moments: [String: Int]) -> [String: MonthCall] {
        var calls: [String: MonthCall] = [:]
        for index in 0..<simulation.world.count(at: now) {
            let id = simulation.world.planner.plan(index).identifier
            guard let moment = moments[id] else { continue }
            let row = simulation.truth(of: index, at: moment)
            calls[id] = Self.facts(row)
        }
        return calls
    }

    private static func facts(_ row: Simulator.Truth) -> MonthCall {
        MonthCall(
            status: row.status.rawValue,
            startedUnix: row.startedUnix,
            acceptedUnix: row.acceptedUnix,
            durationSeconds: row.durationSeconds,
            caller: row.caller,
            agentNumber: row.agentNumber,
            direction: row.direction,
            verdict: row.verdict,
            rating: row.rating,
            turns: row.turns,
            turnsDigest: row.turnsDigest,
            campaign: row.campaign,
            recipient: row.recipient,
            isConversion: row.conversion != nil
        )
    }

    /// How many calls have records that nobody can understand.
    var malformed: Int {
        (0..<simulation.world.count(at: now)).count { Hostility.isMalformed($0) }
    }

    func recipients() -> [MonthRecipient] {
        var rows: [MonthRecipient] = []
        simulation.world.recipients.forEachRow { row in
            rows.append(
                MonthRecipient(
                    campaign: row.campaign,
                    channel: row.channel.rawValue,
                    reference: row.reference,
                    name: row.name,
                    phone: row.phone,
                    sentUnix: row.sent,
                    deliveredUnix: row.delivered
                )
            )
        }
        return rows
    }
}
