import Ambient
import Foundation
import HTTPClient
import TestSupport
import Testing

/// A person asks to be forgotten: what `ringback up` runs forgets, wherever it was written.
@Suite("erasing a caller", .serialized)
struct ErasureTests {
    @Test("leaves no trace of number and words, upstream neither, and every figure as it was")
    func leavesNoTrace() async throws {
        let stack = try await RunningStack.start(
            in: ScratchFolder(),
            calls: 240,
            options: ["--unfinished", "0"],
            environment: ["LOG_LEVEL": "debug"]
        )
        try await waitForCalls(of: stack)
        let probe = try StoreProbe(path: "\(stack.data)/ringback.sqlite")
        let subject = try #require(try Subject.find(with: probe))
        let detail = try await upstreamDetail(of: subject.conversation, stack)

        // Nothing but the search itself and what people do holds a number outside of the store.
        try await checkNoNumbers(in: stack, probe)

        // The same conversation by webhook, a job that somebody filled by hand, and an export.
        #expect(try await stack.sendWebhook(Self.webhook(detail)) == 200)
        try await pushByHand("call \(subject.number) about \(subject.word)", stack)
        try await makeExport(stack)
        let found = try await search(for: subject, stack)
        #expect(found.contains { $0.what == "number" && $0.place.contains("export") }, "\(found)")
        #expect(found.contains { $0.what == "number" && $0.place.contains(".rdb") }, "\(found)")
        #expect(found.contains { $0.what == "word" && $0.place.contains(".rdb") }, "\(found)")
        #expect(found.contains { $0.what == "word" && $0.place.contains("body of") }, "\(found)")
        #expect(found.contains { $0.what == "word" && $0.place.contains("sqlite") }, "\(found)")
        #expect(found.contains { $0.what == "number" && $0.place.contains("sqlite") }, "\(found)")
        #expect(found.contains { "\($0)" == "word in word of call_texts" }, "\(found)")
        let before = try await figures(of: stack, probe)

        let dry = try await stack.fleet.ringback("caller", "erase", subject.number, "--dry-run")
        #expect(dry.output.contains("would erase \(subject.calls) calls"), "\(dry.output)")
        #expect(try await figures(of: stack, probe) == before)
        let erased = try await stack.fleet.ringback(
            "caller",
            "erase",
            subject.number,
            "--yes",
            "--json"
        )
        #expect(erased.ending == .exited(0), "\(erased.output)")
        let report = try JSONDecoder().decode(Report.self, from: Data(erased.output.utf8))
        #expect(report.calls == subject.calls)
        #expect(report.step == "done")
        #expect(report.deadJobs == 1)
        #expect(!report.files.isEmpty)
        #expect(report.upstreamAsked == subject.calls)
        #expect(report.sentTo.contains { $0.kind == "export" })

        let left = try await search(for: subject, stack)
        #expect(left == [])
        #expect(try await figures(of: stack, probe) == before)

        try await bringBack(subject, detail, stack)
        let brought = try await search(for: subject, stack)
        #expect(brought == [])
        #expect(try await figures(of: stack, probe) == before)
        try await checkUpstream(subject, stack)
        try await checkNewCall(subject, detail, stack, probe)

        let audit = try await stack.fleet.ringback("audit-log", "verify", "--json")
        #expect(audit.ending == .exited(0), "\(audit.output)")
        let entries = try await stack.fleet.ringback(
            "audit-log",
            "list",
            "--action",
            "caller.erase",
            "--json"
        )
        #expect(entries.output.contains("caller:"), "\(entries.output)")
        stack.process.signal(SIGINT)
        #expect(await stack.process.ended() == .exited(0))
    }

    private struct Report: Decodable {
        struct Recipient: Decodable {
            let kind: String
        }

        let calls: Int
        let step: String
        let deadJobs: Int
        let files: [String]
        let upstreamAsked: Int
        let upstreamWaiting: Int
        let sentTo: [Recipient]
    }

    // MARK: What is done

    private func waitForCalls(of stack: RunningStack) async throws {
        let hasAll = try await eventually(within: .seconds(150), every: .seconds(1)) {
            let status = try await stack.status()
            return status.calls.total >= 240 && status.queues.allSatisfy(\.isIdle)
                && status.calls.attributed + status.calls.unattributed == status.calls.total
                && status.calls.attributed > 0 && status.calls.conversions > 0
        }
        #expect(hasAll, "\(stack.process.recentOutput)")
    }

    private func waitForIdle(_ stack: RunningStack) async throws {
        let isIdle = try await eventually(within: .seconds(60), every: .milliseconds(500)) {
            try await stack.status().queues.allSatisfy(\.isIdle)
        }
        #expect(isIdle, "\(stack.process.recentOutput)")
    }

    private func pushByHand(_ text: String, _ stack: RunningStack) async throws {
        _ = try await redis(stack, "LPUSH", "ringback:{sync}:ready:std", text)
        let isDead = try await eventually(within: .seconds(30)) {
            try await stack.status().queues.contains { $0.name == "sync" && $0.dead > 0 }
        }
        #expect(isDead, "\(stack.process.recentOutput)")
    }

    private func makeExport(_ stack: RunningStack) async throws {
        let made = try await stack.fleet.ringback("export")
        #expect(made.ending == .exited(0), "\(made.output)")
        let isThere = try await eventually(within: .seconds(60)) {
            let listed = try await stack.fleet.ringback("export", "--list", "--json")
            return listed.output.contains(".csv")
        }
        #expect(isThere, "\(stack.process.recentOutput)")
        try await waitForIdle(stack)
    }

    /// Three polls over everything, the conversation asked for by its id, and its webhook again.
    private func bringBack(
        _ subject: Subject,
        _ detail: String,
        _ stack: RunningStack
    ) async throws {
        for _ in 0..<3 {
            let poll = try await stack.fleet.ringback("enqueue", "sync", "window=40d")
            #expect(poll.ending == .exited(0), "\(poll.output)")
            try await waitForIdle(stack)
        }
        let one = try await stack.fleet.ringback(
            "enqueue",
            "sync",
            "--conversation",
            subject.conversation
        )
        #expect(one.ending == .exited(0), "\(one.output)")
        #expect(try await stack.sendWebhook(Self.webhook(detail)) == 200)
        try await waitForIdle(stack)
    }

    // MARK: What must hold

    private func checkUpstream(_ subject: Subject, _ stack: RunningStack) async throws {
        let isAnswered = try await eventually(within: .seconds(120), every: .seconds(1)) {
            let told = try await stack.fleet.ringback("caller", "erasures", "--json")
            let reports = try JSONDecoder().decode([Report].self, from: Data(told.output.utf8))
            return reports.first?.upstreamWaiting == 0
        }
        #expect(isAnswered, "\(stack.process.recentOutput)")
        let truth = try await Truth(address: stack.simulator).rows()
        let address = "\(stack.simulator)/v1/convai/conversations/\(subject.conversation)"
        #expect(try await get(address, key: try stack.apiKey()).status == 404)
        #expect(!truth.isEmpty)
    }

    @Test("is not over while Redis could not write its files anew")
    func redisCannotWrite() async throws {
        let folder = try ScratchFolder()
        try folder.makeFolder("redis")
        var options = PrivateRedisOptions()
        // Snapshots are kept, and nothing but the erasure makes one within the test.
        options.extraArguments = ["--dir", folder.file("redis"), "--save", "3600", "1000000"]
        let redis = try await PrivateRedis.start(options)
        let database = folder.file("data/ringback.sqlite")
        let fleet = Fleet(
            folder: folder,
            environment: ["REDIS_URL": redis.url, "RINGBACK_DB": database]
        )
        // The process that writes the snapshot finds no folder, as it might find no room; the one
        // that takes commands notices nothing.
        try FileManager.default.removeItem(atPath: folder.file("redis"))
        let erased = try await fleet.ringback("caller", "erase", "+14155550123", "--yes")
        #expect(erased.ending == .exited(1), "\(erased.output)\n\(redis.log)")
        #expect(erased.output.contains("could not write its snapshot anew"), "\(erased.output)")
        let probe = try StoreProbe(path: database)
        #expect(try probe.texts("SELECT step FROM erasures") == ["database"])
        await redis.kill()
    }

    /// A new call of the same person is counted, and nothing of it is kept.
    private func checkNewCall(
        _ subject: Subject,
        _ detail: String,
        _ stack: RunningStack,
        _ probe: StoreProbe
    ) async throws {
        let before = try await stack.status().calls.total
        let id = "conv_afterwards"
        let body = Self.webhook(detail.replacing(subject.conversation, with: id))
        #expect(try await stack.sendWebhook(body) == 200)
        let isCounted = try await eventually(within: .seconds(30)) {
            try await stack.status().calls.total == before + 1
        }
        #expect(isCounted, "\(stack.process.recentOutput)")
        try await waitForIdle(stack)
        let withContent = try probe.count(
            """
            SELECT count(*) FROM calls
            WHERE conversation_id = '\(id)' AND (
                summary IS NOT NULL OR EXISTS (SELECT 1 FROM turns WHERE call_id = calls.id)
                OR EXISTS (SELECT 1 FROM call_parties WHERE call_id = calls.id)
            )
            """
        )
        #expect(withContent == 0)
    }

    /// No log line, no job, no metric and no file name holds anybody's number.
    private func checkNoNumbers(in stack: RunningStack, _ probe: StoreProbe) async throws {
        let numbers = try probe.texts(
            """
            SELECT e164 FROM call_parties WHERE e164 IS NOT NULL
            UNION SELECT e164 FROM recipients WHERE e164 IS NOT NULL
            """
        )
        #expect(numbers.count > 50)
        let files = try FileManager.default.subpathsOfDirectory(atPath: stack.folder.path)
        let metrics = try await get("http://\(stack.address)/metrics", key: nil)
        #expect(metrics.status == 200)
        let jobs =
            try probe.texts("SELECT CAST(payload AS TEXT) FROM outbox")
            + probe.texts("SELECT coalesce(reason, '') || coalesce(entity, '') FROM job_index")
            + probe.texts("SELECT coalesce(entity, '') FROM ledger")
        let dump = try await dump(of: stack)
        let places: [(String, String)] = [
            ("log", stack.process.recentOutput),
            ("metrics", String(decoding: metrics.body, as: UTF8.self)),
            ("file names", files.joined(separator: "\n")),
            ("jobs in the store", jobs.joined(separator: "\n")),
            ("jobs in Redis", String(decoding: dump, as: UTF8.self)),
        ]
        for (place, text) in places {
            #expect(!text.isEmpty || place == "jobs in the store", "\(place)")
            let held = numbers.filter { text.contains($0.dropFirst()) }
            #expect(held.isEmpty, "\(place) holds \(held.count) numbers")
        }
    }

    /// What people ask of the past: totals, campaigns, and every call's figures.
    private func figures(of stack: RunningStack, _ probe: StoreProbe) async throws -> [String] {
        let campaigns = try await stack.fleet.ringback("campaigns", "list", "--json")
        #expect(campaigns.ending == .exited(0))
        let calls = try probe.texts(
            """
            SELECT c.conversation_id || ' ' || c.agent_id || ' ' || c.started_unix || ' '
                || ifnull(c.duration_seconds, '') || ' ' || c.status || ' '
                || ifnull(c.call_successful, 'pending') || ' ' || ifnull(c.rating, '') || ' '
                || ifnull(a.campaign_id, 'none') || ' ' || ifnull(a.method, '') || ' '
                || ifnull(v.outcome, '') || ' ' || ifnull(v.type, '') || ' '
                || ifnull(c.caller_message_count, '') || ' ' || ifnull(c.cost_credits, '')
            FROM calls c
            LEFT JOIN attributions a ON a.call_id = c.id
            LEFT JOIN conversions v ON v.call_id = c.id
            ORDER BY c.id
            """
        )
        return calls + [campaigns.output]
    }

    // MARK: Searching

    private struct Finding: Hashable, CustomStringConvertible {
        let what: String
        let place: String

        var description: String { "\(what) in \(place)" }
    }

    /// Every place under the stack's folder, in its log and in Redis' dump that holds the number in
    /// any spelling, or the word; compressed bodies are unpacked first.
    private func search(
        for subject: Subject,
        _ stack: RunningStack
    ) async throws -> [Finding] {
        _ = try await dump(of: stack)
        let log = "\(stack.data)/search.log"
        try Data(stack.process.recentOutput.utf8).write(to: URL(fileURLWithPath: log))
        defer { unlink(log) }
        let script = "\(Executables.checkout)/Tests/Tools/search-traces.py"
        let result = try await ChildProcess.run(
            ChildProcess.Command([
                "python3", script, stack.data, subject.number, subject.word,
            ])
        )
        #expect(result.ending == .exited(0), "\(result.output)")
        #expect(result.lines.last == "searched", "\(result.output)")
        return result.lines.dropLast().map { line in
            let words = line.split(separator: "\t").map(String.init)
            return Finding(what: words.first ?? "", place: words.dropFirst().joined())
        }
    }

    /// Makes Redis write its dump without compression.
    private func dump(of stack: RunningStack) async throws -> Data {
        _ = try await redis(stack, "CONFIG", "SET", "rdbcompression", "no")
        let isSaved = try await eventually(within: .seconds(30)) {
            try await redis(stack, "SAVE").contains("OK")
        }
        #expect(isSaved)
        let folder =
            try await redis(stack, "CONFIG", "GET", "dir")
            .split(separator: "\n").last.map(String.init) ?? ""
        let name =
            try await redis(stack, "CONFIG", "GET", "dbfilename")
            .split(separator: "\n").last.map(String.init) ?? ""
        return try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    private func redis(_ stack: RunningStack, _ words: String...) async throws -> String {
        try await ChildProcess.run(
            ChildProcess.Command(["redis-cli", "-s", "\(stack.data)/redis.sock"] + words)
        ).output
    }

    // MARK: The upstream

    private static func webhook(_ detail: String) -> String {
        #"{"type":"post_call_transcription","event_timestamp":1,"data":\#(detail)}"#
    }

    private func upstreamDetail(of id: String, _ stack: RunningStack) async throws -> String {
        let address = "\(stack.simulator)/v1/convai/conversations/\(id)"
        let response = try await get(address, key: try stack.apiKey())
        #expect(response.status == 200)
        return String(decoding: response.body, as: UTF8.self)
    }

    private func get(_ address: String, key: String?) async throws -> HTTPResponse {
        let client = try HTTPClient(ambient: .live())
        let response = try await client.send(
            HTTPRequest(
                url: address,
                headers: HTTPHeaders(key.map { [HTTPHeader("xi-api-key", $0)] } ?? [])
            )
        )
        await client.shutDown()
        return response
    }
}

/// Somebody who called, and a word that nobody else said.
private struct Subject {
    let number: String
    let conversation: String
    let calls: Int
    let word: String

    /// Looks for a caller with recipients row, campaign and conversion, and for such a word.
    static func find(with probe: StoreProbe) throws -> Subject? {
        let numbers = try probe.texts(
            """
            SELECT DISTINCT p.e164 FROM call_parties p
            JOIN recipients r ON r.e164 = p.e164
            JOIN attributions a ON a.call_id = p.call_id AND a.campaign_id IS NOT NULL
            JOIN conversions v ON v.call_id = p.call_id AND v.outcome = 'yes'
            ORDER BY p.e164
            """
        )
        for number in numbers {
            let said = try probe.texts(
                """
                SELECT message FROM turns JOIN call_parties USING (call_id)
                WHERE e164 = '\(number)' AND speaker = 'caller' AND message IS NOT NULL
                """
            )
            let words = Set(said.flatMap { $0.split { !$0.isASCII || !$0.isLetter } })
                .filter { $0.count >= 6 }.map { $0.lowercased() }.sorted()
            for word in words where try isRare(word, of: number, probe) {
                let conversation = try probe.texts(
                    """
                    SELECT conversation_id FROM calls
                    JOIN turns ON turns.call_id = calls.id
                    JOIN call_parties ON call_parties.call_id = calls.id
                    WHERE e164 = '\(number)' AND instr(lower(message), '\(word)')
                    """
                ).first
                guard let conversation else { continue }
                return Subject(
                    number: number,
                    conversation: conversation,
                    calls: try probe.count(
                        "SELECT count(*) FROM call_parties WHERE e164 = '\(number)'"
                    ),
                    word: word
                )
            }
        }
        return nil
    }

    private static func isRare(
        _ word: String,
        of number: String,
        _ probe: StoreProbe
    ) throws -> Bool {
        try probe.count(
            """
            SELECT
                (SELECT count(*) FROM turns JOIN calls ON calls.id = turns.call_id
                    LEFT JOIN call_parties p ON p.call_id = calls.id
                    WHERE p.e164 IS NOT '\(number)' AND (
                        instr(lower(ifnull(message, '')), '\(word)')
                        OR instr(lower(ifnull(tool_calls, '')), '\(word)')
                        OR instr(lower(ifnull(tool_results, '')), '\(word)')
                    ))
                + (SELECT count(*) FROM calls LEFT JOIN call_parties p ON p.call_id = calls.id
                    WHERE p.e164 IS NOT '\(number)' AND instr(lower(
                        ifnull(summary, '') || ifnull(title, '') || ifnull(collected, '')
                        || ifnull(criteria, '') || ifnull(dynamic_variables, '')
                        || ifnull(agent_name, '')
                    ), '\(word)'))
                + (SELECT count(*) FROM calls
                    WHERE instr(lower(ifnull(agent_name, '')), '\(word)'))
                + (SELECT count(*) FROM recipients
                    WHERE e164 IS NOT '\(number)' AND instr(lower(ifnull(name, '')), '\(word)'))
                + (SELECT count(*) FROM verdicts WHERE instr(lower(echo), '\(word)'))
                + (SELECT count(*) FROM rule_lexicons WHERE instr(lower(words), '\(word)'))
                + (SELECT count(*) FROM rule_versions
                    WHERE instr(lower(ifnull(source, '')), '\(word)'))
            """
        ) == 0
    }
}
