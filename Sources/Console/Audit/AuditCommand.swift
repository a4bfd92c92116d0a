import ArgumentParser
import CallJobs
import CallStore
import Hosting
package import JobQueue
package import Reports

/// `ringback audit`.
struct AuditCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check the invariants of the queues while they are in use.",
        discussion: """
            Every call of Redis is short and bounded, so workers go on. What could not be judged \
            because the queue kept moving is named; pause the queue and ask again. Exit code 1 \
            when a violation is left.
            """
    )

    @Argument(help: "The queue; all of them if left out.")
    var queue: JobKind?

    @Flag(help: "Mend what is found, each after looking again in the same step.")
    var repair = false

    @OptionGroup var output: OutputOptions

    func run(in session: Session) async throws {
        var reports: [(name: String, report: AuditReport)] = []
        try await session.withQueues { queues in
            try await session.withStore { store in
                for kind in queue.map({ [$0] }) ?? JobKind.allCases {
                    var report = try await queues.audit(kind, mends: repair)
                    report.violations += try await leftovers(of: queues[kind], store)
                    reports.append((kind.rawValue, report))
                }
            }
        }
        if output.json {
            session.terminal.show(.list(reports.map { AuditText.json($0.name, $0.report) }))
        } else {
            for (name, report) in reports {
                for line in AuditText.lines(name, report) { session.terminal.line(line) }
            }
        }
        let left = reports.reduce(0) { $0 + $1.report.violations.count { !$0.isMended } }
        guard left == 0 else {
            throw StartFailure(
                .failed,
                "\(left) \(left == 1 ? "violation is" : "violations are") left"
                    + (repair ? "" : "; `ringback audit --repair` mends them")
            )
        }
    }

    /// Dead jobs whose result the ledger has: an earlier delivery was committed.
    private func leftovers(
        of queue: any ManagedQueue,
        _ store: CallStore
    ) async throws -> [AuditViolation] {
        var found: [JobID] = []
        var cursor: JobCursor?
        repeat {
            let page = try await queue.jobs(
                in: .dead,
                after: cursor,
                limit: QueueLimits.jobsPerCallMax
            )
            let ids = page.jobs.map(\.job.id)
            let done = try await store.finished(among: ids)
            found += ids.filter(done.contains)
            cursor = page.next
        } while cursor != nil && found.count < QueueLimits.deadMax
        // The ledger never forgets within the time that a job may be dead, so this needs no
        // second look.
        if repair, !found.isEmpty { try await queue.forget(found) }
        return found.map {
            AuditViolation(
                kind: .deadButDone,
                subject: $0.text,
                detail: "the ledger has its result",
                isMended: repair
            )
        }
    }
}

/// What an audit found, for people and machines.
package enum AuditText {
    package static func lines(_ name: String, _ report: AuditReport) -> [String] {
        let checked = report.checked
        var lines = [
            "\(name): \(report.violations.isEmpty ? "sound" : "BROKEN"); looked at "
                + "\(checked.batches) batches, \(checked.runLists) run lists, "
                + "\(checked.parked) parked, \(checked.dead) dead, "
                + "\(checked.uniqueKeys) unique keys and \(checked.waiting) waiting jobs "
                + "in \(report.calls) calls"
        ]
        lines += report.violations.map { violation in
            let end = violation.isMended ? "mended: \(violation.kind.remedy)" : "NOT MENDED"
            return "  \(violation.kind.rawValue) \(violation.subject): \(violation.detail); \(end)"
        }
        return lines + report.unchecked.map { "  not judged: \($0)" }
    }

    package static func json(_ name: String, _ report: AuditReport) -> JSONValue {
        let checked = report.checked
        return .fields(
            ("queue", .text(name)),
            ("sound", .bool(!report.hasOpenViolations)),
            (
                "checked",
                .fields(
                    ("batches", .count(checked.batches)),
                    ("runLists", .count(checked.runLists)),
                    ("parked", .count(checked.parked)),
                    ("dead", .count(checked.dead)),
                    ("uniqueKeys", .count(checked.uniqueKeys)),
                    ("waiting", .count(checked.waiting))
                )
            ),
            ("calls", .count(report.calls)),
            (
                "violations",
                .list(
                    report.violations.map { violation in
                        .fields(
                            ("kind", .text(violation.kind.rawValue)),
                            ("subject", .text(violation.subject)),
                            ("detail", .text(violation.detail)),
                            ("mended", .bool(violation.isMended)),
                            ("remedy", .text(violation.kind.remedy))
                        )
                    }
                )
            ),
            ("unchecked", .list(report.unchecked.map(JSONValue.text)))
        )
    }
}
