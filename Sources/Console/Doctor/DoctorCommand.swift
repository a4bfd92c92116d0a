import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Conversion
import Foundation
import Hosting
import JobQueue
import RedisClient
import RedisQueue
import Reports
import Settings

/// `ringback doctor`.
struct DoctorCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what is wrong, and say what to do about it.",
        discussion: "Exit code 1 when something is a problem; warnings alone give 0."
    )

    @Flag(help: "Leave the ElevenLabs API alone.")
    var offline = false

    @Flag(help: "Count all figures anew and compare, and nothing else.")
    var recount = false

    @Flag(help: "With --recount: make the figures right, by days of RINGBACK_TIME_ZONE.")
    var repair = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard recount || !repair else { throw ValidationError("--repair goes with --recount.") }
    }

    func run(in session: Session) async throws {
        let doctor = Doctor(session: session)
        if recount {
            try tell(await doctor.recount(repairs: repair), session)
            return
        }
        var findings = doctor.settings()
        findings += await doctor.redis(asksUpstream: !offline)
        findings += await doctor.store()
        try tell(findings, session)
    }

    private func tell(_ findings: [Finding], _ session: Session) throws {
        if output.json {
            session.terminal.show(.list(findings.map(\.json)))
        } else {
            for finding in findings { session.terminal.line(finding.line) }
        }
        let problems = findings.count { $0.grade == .problem }
        guard problems == 0 else {
            throw StartFailure(.failed, "\(problems) \(problems == 1 ? "problem" : "problems")")
        }
    }
}

/// Reads what `DoctorRules` judges; what cannot be read is a finding itself.
struct Doctor {
    private let session: Session

    init(session: Session) {
        self.session = session
    }

    private var now: Date { session.ambient.now() }
    private var nowMilliseconds: Int64 { Int64(now.timeIntervalSince1970 * 1000) }

    // MARK: Settings and files

    func settings() -> [Finding] {
        var findings: [Finding] = []
        let unknown = session.settings.unknownNames
        findings.append(
            unknown.isEmpty
                ? .ok("settings", "all understood")
                : Finding(
                    "settings",
                    .warning,
                    "no setting has the name \(unknown.joined(separator: ", "))",
                    fix: "`ringback config` shows the names"
                )
        )
        findings += check("schedules", fix: "mend the file; the running scheduler keeps the old") {
            () throws(StartFailure) in
            "\(try ScheduleBook.load(session.settings).count), all sound"
        }
        findings += check("rules", fix: "mend the file, or set RINGBACK_RULES to another") {
            () throws(StartFailure) in
            let set = try RulesBook.load(session.settings.rulesFile)
            return "\(set.name), \(set.rules.count) rules"
        }
        findings += check("server", fix: "set RINGBACK_ADMIN_TOKEN") { () throws(StartFailure) in
            do throws(SettingsError) {
                try session.settings.server.check()
            } catch {
                throw StartFailure(.wrongUse, error.description)
            }
            return session.settings.server.address.description
        }
        return findings
    }

    private func check(
        _ subject: String,
        fix: String,
        _ body: () throws(StartFailure) -> String
    ) -> [Finding] {
        do {
            return [.ok(subject, try body())]
        } catch {
            return error.line.split(separator: "\n").map {
                Finding(subject, .problem, String($0), fix: fix)
            }
        }
    }

    // MARK: Redis, queues, API

    func redis(asksUpstream: Bool) async -> [Finding] {
        let queues: OpenQueues
        do {
            queues = try await session.host.openQueues(patience: RedisAccess.commandPatience)
        } catch {
            return [Finding("redis", .problem, error.line)]
        }
        var findings: [Finding] = []
        do {
            findings += try await server(queues)
            var dead: [DeadGroup] = []
            for kind in JobKind.allCases {
                let queue = queues[kind]
                findings += DoctorRules.queue(kind.rawValue, try await queue.figures())
                let records = try await JobText.jobs(
                    of: queue,
                    in: .dead,
                    limit: DeadCommand.lookMax
                )
                dead += DeadGroup.groups(of: records, queue: kind.rawValue)
            }
            findings += DoctorRules.dead(dead)
        } catch {
            findings.append(Finding("redis", .problem, CommandFailure.failure(error).line))
        }
        if asksUpstream { findings += await upstream(queues) }
        await queues.close()
        return findings
    }

    private func server(_ queues: OpenQueues) async throws -> [Finding] {
        let facts = try await RedisServerFacts.read(from: queues.redis)
        var findings = try await queues.check().map {
            Finding("redis", $0.isFatal ? .problem : .warning, $0.message, fix: $0.fix)
        }
        if findings.isEmpty {
            findings.append(
                .ok("redis", "version \(facts.version), \(facts.memoryPolicy), append-only file on")
            )
        }
        if case .array(let parts) = try await queues.redis.send(RedisCommand("TIME")),
            parts.count == 2, case .bytes(let seconds) = parts[0],
            case .bytes(let micros) = parts[1],
            let whole = Double(String(decoding: seconds, as: UTF8.self)),
            let rest = Double(String(decoding: micros, as: UTF8.self))
        {
            let difference = now.timeIntervalSince1970 - whole - rest / 1e6
            findings.append(DoctorRules.clock(difference: .seconds(difference)))
        }
        return findings
    }

    private func upstream(_ queues: OpenQueues) async -> [Finding] {
        guard session.settings.upstream.apiKey != nil else {
            return [
                Finding(
                    "elevenlabs",
                    .warning,
                    "no API key is set; only `ringback up` with its simulator works so",
                    fix: "put ELEVENLABS_API_KEY into .env"
                )
            ]
        }
        let key = await UpstreamCheck.finding(session.host, queues)
        guard key.grade == .ok, !session.settings.webhook.accepted.isEmpty else { return [key] }
        return [key, await UpstreamCheck.webhooks(session.host, queues)]
    }

    // MARK: Store

    func store() async -> [Finding] {
        let store: CallStore
        do {
            store = try await session.host.openStore()
        } catch {
            return [Finding("store", .problem, error.line)]
        }
        var findings: [Finding] = []
        do {
            findings += try await stored(store)
            try store.close()
        } catch {
            findings.append(Finding("store", .problem, CommandFailure.failure(error).line))
        }
        return findings
    }

    /// Compares the figures with a full recount, and makes them right where that is asked for.
    func recount(repairs: Bool) async -> [Finding] {
        do {
            return [
                try await session.withStore { store in
                    if repairs {
                        try await store.repairFigures()
                        try await store.useReportZone(session.settings.timeZone)
                    }
                    return DoctorRules.recount(
                        try await store.recount(),
                        zone: try await store.reportZone(),
                        wanted: session.settings.timeZone.reportName,
                        rebuild: try await store.figureRebuild()
                    )
                }
            ]
        } catch {
            return [Finding("figures", .problem, CommandFailure.failure(error).line)]
        }
    }

    private func stored(_ store: CallStore) async throws -> [Finding] {
        let health = try await store.health()
        var findings = DoctorRules.store(health, nowMilliseconds: nowMilliseconds)
        let damages = try await store.damages()
        findings.append(
            damages.isEmpty
                ? .ok("integrity", "SQLite's quick check found nothing")
                : Finding(
                    "integrity",
                    .problem,
                    damages.joined(separator: "; "),
                    fix: "stop everything and bring the file back from a backup"
                )
        )
        findings.append(
            DoctorRules.unreadable(
                count: health.unreadableBodies,
                examples: try await store.unreadableBodies(limit: 3)
            )
        )
        findings.append(
            SearchRules.index(try await store.textIndexProgress(), nowMilliseconds: nowMilliseconds)
        )
        let watched = try await store.watchList(fetchedBefore: .max, limit: 10_000)
        findings.append(DoctorRules.watchList(watched, nowUnix: nowMilliseconds / 1000))
        findings.append(
            DoctorRules.poll(
                lastMilliseconds: try await store.counts().lastPollMilliseconds,
                nowMilliseconds: nowMilliseconds
            )
        )
        let archive = try await store.archiveState()
        findings.append(
            WebhookRules.silence(
                archive.webhooks,
                isConfigured: !session.settings.webhook.accepted.isEmpty,
                nowMilliseconds: nowMilliseconds
            )
        )
        findings.append(
            .ok(
                "archive",
                "\(archive.deletedUpstream) calls deleted upstream and kept here, "
                    + "\(archive.erased) erased here"
            )
        )
        findings.append(WebhookRules.sources(session.settings.webhook.sources))
        if let halt = try await store.upstreamHalt() {
            findings.append(
                Finding(
                    "polling",
                    .problem,
                    "stands still since \(TimeText.iso(milliseconds: halt.atMilliseconds)): "
                        + halt.reason,
                    fix: "mend that; polling goes on by itself once the answer is another"
                )
            )
        }
        findings.append(DoctorRules.wal(bytes: size(session.settings.database + "-wal")))
        findings.append(
            DoctorRules.disk(freeBytes: freeBytes(), folder: session.settings.dataFolder)
        )
        return findings
    }

    /// Bytes of a file; none when it is not there.
    private func size(_ path: String) -> Int64 {
        var information = stat()
        return stat(path, &information) == 0 ? Int64(information.st_size) : 0
    }

    private func freeBytes() -> Int64? {
        var information = statvfs()
        guard statvfs(session.settings.dataFolder, &information) == 0 else { return nil }
        return Int64(information.f_bavail) * Int64(information.f_frsize)
    }
}
