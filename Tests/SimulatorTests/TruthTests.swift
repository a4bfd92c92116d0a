import Foundation
import PhoneNumbers
import Simulator
import TestSupport
import Testing

/// Evaluates the documented rules on the records alone, as a client would.
private struct Evaluation {
    struct Touch {
        let campaign: String
        let recipient: String
        let opens: Int
        let closes: Int
    }

    private let normalizer = NumberNormalizer()
    private var touches: [String: [Touch]] = [:]

    init(_ rows: [[String: String]]) throws {
        for row in rows {
            guard let number = number(row["phone"] ?? "") else { continue }
            let delivered = row["delivered_at"] ?? ""
            let opens = try unix(delivered.isEmpty ? row["sent_at"] ?? "" : delivered)
            let days = row["channel"] == "mail" ? 90 : 30
            touches[number, default: []].append(
                Touch(
                    campaign: row["campaign"] ?? "",
                    recipient: row["recipient"] ?? "",
                    opens: opens,
                    closes: opens + days * 86_400
                )
            )
        }
    }

    /// The number in E.164, read by the library the product uses.
    func number(_ text: String) -> String? {
        normalizer.read(text, region: Region("US")).e164?.text
    }

    private func unix(_ timestamp: String) throws -> Int {
        Int(try Date(timestamp, strategy: .iso8601).timeIntervalSince1970)
    }

    func caller(_ detail: [String: Any]) throws -> (number: String?, touch: Touch?) {
        let metadata = try object(detail, "metadata")
        guard let phone = metadata["phone_call"] as? [String: Any] else { return (nil, nil) }
        let caller = number(try text(phone, "external_number"))
        guard try text(phone, "direction") == "inbound", let caller else { return (caller, nil) }
        let start = try startTime(metadata)
        let open = touches[caller, default: []].filter { $0.opens <= start && start <= $0.closes }
        return (caller, open.max { $0.opens < $1.opens })
    }

    private func startTime(_ metadata: [String: Any]) throws -> Int {
        try SimulatorTests.number(metadata, "start_time_unix_secs")
    }

    func conversion(_ detail: [String: Any]) throws -> String? {
        guard ["done", "failed"].contains(try text(detail, "status")) else { return nil }
        let turns = try objects(detail, "transcript")
        let tools = try turns.flatMap { try objects($0, "tool_results") }
        let booked = tools.contains {
            $0["tool_name"] as? String == "book_appointment" && $0["is_error"] as? Bool == false
        }
        let analysis = detail["analysis"] as? [String: Any] ?? [:]
        let criteria = analysis["evaluation_criteria_results"] as? [String: [String: Any]] ?? [:]
        if booked || criteria["appointment_booked"]?["result"] as? String == "success" {
            return "booking"
        }
        let spoken = turns.count { turn in
            turn["role"] as? String == "user"
                && (turn["message"] as? String ?? "").contains(where: \.isLetter)
        }
        return analysis["call_successful"] as? String == "success" && spoken >= 2 ? "success" : nil
    }
}

/// Reads the file as RFC 4180 has it.
private func parsedCSV(_ text: String) throws -> [[String: String]] {
    var records: [[String]] = []
    var record: [String] = []
    var field = ""
    var quoted = false
    var characters = Array(text.unicodeScalars)[...]
    while let scalar = characters.popFirst() {
        switch scalar {
        case "\"" where quoted && characters.first == "\"":
            field.unicodeScalars.append("\"")
            characters.removeFirst()
        case "\"": quoted.toggle()
        case "," where !quoted:
            record.append(field)
            field = ""
        case "\r" where !quoted: continue
        case "\n" where !quoted:
            records.append(record + [field])
            record = []
            field = ""
        default: field.unicodeScalars.append(scalar)
        }
    }
    let header = try #require(records.first)
    return records.dropFirst().map { values in
        Dictionary(uniqueKeysWithValues: zip(header, values))
    }
}

private func recipientsFile(_ fixture: Fixture) throws -> [[String: String]] {
    let folder = try ScratchFolder()
    let path = folder.file("recipients.csv")
    try RecipientsWriter.write(fixture.simulation.world.recipients, to: path)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["recipients.csv"])
    return try parsedCSV(String(contentsOfFile: path, encoding: .utf8))
}

@Suite("the truth")
struct TruthTests {
    @Test(
        "agrees with the records under the documented rules",
        arguments: [(UInt64(1), 30), (2, 120), (3, 1), (4, 400)]
    )
    func agrees(seed: UInt64, days: Int) throws {
        let fixture = Fixture(
            seed: seed,
            calls: 300,
            days: days,
            agents: 6,
            liveEvery: 20,
            unfinished: 9
        )
        fixture.wall.set(Fixture.anchor + 400)
        let rules = try Evaluation(try recipientsFile(fixture))
        let truth = try fixture.rows("/_truth/conversations")
        #expect(truth.count == 320)
        for row in truth {
            let id = try text(row, "id")
            let detail = try fixture.detail(id)
            let metadata = try object(detail, "metadata")
            let (caller, touch) = try rules.caller(detail)
            #expect(row["campaign"] as? String == touch?.campaign, "\(id), seed \(seed)")
            #expect(row["recipient"] as? String == touch?.recipient, "\(id), seed \(seed)")
            let kind = try rules.conversion(detail)
            #expect(row["conversionKind"] as? String == kind, "\(id), seed \(seed)")
            #expect(row["converted"] as? Bool == (kind != nil))
            #expect(try text(row, "status") == text(detail, "status"))
            #expect(try number(row, "startedUnix") == number(metadata, "start_time_unix_secs"))
            #expect(try number(row, "durationSeconds") == number(metadata, "call_duration_secs"))
            if metadata["phone_call"] is [String: Any] {
                #expect(row["caller"] as? String == caller, "\(id), seed \(seed)")
            }
        }
    }

    @Test("has every scenario and language, conversions of both kinds, and about 60 % credited")
    func variety() throws {
        let fixture = Fixture(seed: 1, calls: 3_000, days: 60)
        let rows = try fixture.rows("/_truth/conversations")
        let scenarios = Set(try rows.map { try text($0, "scenario") })
        let expected = Scenario.allCases.map(\.rawValue) + ["deleted_transcript", "zero_retention"]
        #expect(scenarios == Set(expected))
        #expect(Set(try rows.map { try text($0, "language") }) == ["en", "de", "es", "fr"])
        #expect(Set(rows.compactMap { $0["conversionKind"] as? String }) == ["booking", "success"])
        let inbound = rows.filter { $0["direction"] as? String == "inbound" }
        let credited = inbound.count { $0["campaign"] is String }
        #expect((0.55...0.68).contains(Double(credited) / Double(inbound.count)))
        #expect(
            rows.filter { $0["direction"] as? String != "inbound" }.allSatisfy {
                $0["campaign"] is NSNull
            }
        )
        #expect(inbound.contains { $0["caller"] is NSNull })
    }

    @Test("knows people who call too early and too late")
    func decoys() throws {
        let fixture = Fixture(seed: 6, calls: 2_000, days: 120)
        let world = fixture.simulation.world
        var early = 0
        var late = 0
        var outbound = 0
        for index in 0..<2_000 {
            let plan = world.planner.plan(index)
            guard case .recipient(let person) = plan.party else { continue }
            let truth = fixture.simulation.truth(of: index, at: Fixture.anchor)
            let touches = world.campaigns.touches(ofPerson: person)
            if plan.channel.isOutbound {
                outbound += 1
                #expect(truth.campaign == nil)
            } else if touches.allSatisfy({ $0.opens > plan.start }) {
                early += 1
                #expect(truth.campaign == nil)
            } else if truth.campaign == nil, plan.privacy == Privacy.kept {
                late += 1
            }
        }
        #expect(early > 0 && late > 0 && outbound > 0)
    }
}

@Suite("the recipients")
struct RecipientsTests {
    @Test(
        "the file's numbers read as the truth says, in many spellings",
        arguments: [1, 2, 3] as [UInt64]
    )
    func numbers(seed: UInt64) throws {
        let fixture = Fixture(seed: seed, calls: 600)
        let file = try recipientsFile(fixture)
        let truth = try fixture.rows("/_truth/recipients")
        #expect(file.count == truth.count)
        let rules = try Evaluation([])
        var byRow: [String: String?] = [:]
        for row in truth {
            byRow["\(try text(row, "recipient"))|\(try text(row, "spelling"))"] =
                row["phone"] as? String
        }
        for row in file {
            let key = "\(row["recipient"] ?? "")|\(row["phone"] ?? "")"
            let expected = try #require(byRow[key], "\(key)")
            #expect(rules.number(row["phone"] ?? "") == expected, "\(key)")
        }
        let phones = file.compactMap { $0["phone"] }
        for start in ["+1 (", "001", "tel:", "whatsapp:", "1-", "("] {
            #expect(phones.contains { $0.hasPrefix(start) }, "nothing is spelled \(start)")
        }
    }

    @Test("some rows are spoilt, some double, some people on two lists, a share has called")
    func kinds() throws {
        let rows = try Fixture(seed: 1, calls: 2_000).rows("/_truth/recipients")
        func share(_ condition: ([String: Any]) -> Bool) -> Double {
            Double(rows.count(where: condition)) / Double(rows.count)
        }
        #expect((0.005...0.03).contains(share { $0["valid"] as? Bool == false }))
        #expect((0.003...0.03).contains(share { $0["duplicate"] as? Bool == true }))
        #expect((0.1...0.35).contains(share { ($0["calls"] as? Int ?? 0) > 0 }))
        #expect(rows.allSatisfy { $0["valid"] as? Bool == true || $0["calls"] as? Int == 0 })
        let campaigns = rows.reduce(into: [String: Set<String>]()) { lists, row in
            if let phone = row["phone"] as? String, let campaign = row["campaign"] as? String {
                lists[phone, default: []].insert(campaign)
            }
        }
        #expect(campaigns.values.contains { $0.count == 2 })
        #expect(Set(rows.compactMap { $0["channel"] as? String }) == ["mail", "sms", "email"])
    }

    @Test("nobody is credited whose rows hold no number, however many are reached and call")
    func spoiltRows() {
        let fixture = Fixture(seed: 1, calls: 20_000)
        let world = fixture.simulation.world
        var reached = 0
        for index in 0..<20_000 {
            let plan = world.planner.plan(index)
            guard case .recipient(let person) = plan.party, !plan.channel.isOutbound,
                world.recipients.rows(ofPerson: person).allSatisfy({ $0.e164 == nil })
            else { continue }
            let touches = world.campaigns.touches(ofPerson: person)
            reached += touches.contains { $0.opens < plan.start } ? 1 : 0
            #expect(fixture.simulation.truth(of: index, at: Fixture.anchor).recipient == nil)
        }
        #expect(reached > 0)
    }

    @Test("nobody shares a number, and the last touch is clear by days")
    func clearTouches() throws {
        let world = Fixture(seed: 9, calls: 3_000, days: 90).simulation.world
        var numbers: Set<String> = []
        for person in 0..<world.campaigns.peopleCount {
            #expect(numbers.insert(world.people.recipient(person).number.e164).inserted)
            let touches = world.campaigns.touches(ofPerson: person)
            #expect((1...2).contains(touches.count))
            if touches.count == 2 {
                #expect(touches[1].opens - touches[0].opens > 86_400)
                #expect(touches[0].campaign != touches[1].campaign)
            }
        }
    }

    @Test("a file that cannot be written is left alone and named")
    func unwritable() {
        let recipients = Fixture(calls: 10).simulation.world.recipients
        #expect(throws: RecipientsWriter.Problem.self) {
            try RecipientsWriter.write(recipients, to: "/nonexistent-folder/file.csv")
        }
    }
}
