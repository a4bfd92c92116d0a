import CallJobs
import CallStore
import Foundation
import Reports

extension BackfillPlan {
    /// Covered stretches that are named.
    private static let stretchesShown = 20

    var json: JSONValue {
        .fields(
            ("from", .text(TimeText.iso(unix: range.fromUnix))),
            ("to", .text(TimeText.iso(unix: range.toUnix))),
            ("sliceSeconds", .integer(range.sliceSeconds)),
            ("agent", .optional(range.agentID)),
            ("slices", .count(range.slices)),
            ("complete", .count(complete)),
            ("jobs", .count(jobs)),
            (
                "covered",
                .list(
                    stretches.prefix(Self.stretchesShown).map { stretch in
                        .fields(
                            ("from", .text(TimeText.iso(unix: stretch.fromUnix))),
                            ("to", .text(TimeText.iso(unix: stretch.toUnix))),
                            ("calls", .count(stretch.calls))
                        )
                    }
                )
            ),
            (
                "estimate",
                .fields(
                    ("requests", .count(requests)),
                    ("calls", .optional(calls)),
                    ("basis", .text(basisText)),
                    ("parallel", .count(parallel)),
                    ("requestSeconds", .number(requestSeconds)),
                    ("requestSecondsMeasured", .bool(isMeasured)),
                    ("seconds", .integer(time.components.seconds))
                )
            )
        )
    }

    var text: String {
        var lines = [
            "\(TimeText.iso(unix: range.fromUnix)) to \(TimeText.iso(unix: range.toUnix)), "
                + "\(range.slices) slices of \(TimeText.duration(.seconds(range.sliceSeconds)))",
            "complete   \(complete)\(range.rereads ? " (all are read again)" : "")",
        ]
        for stretch in stretches.prefix(Self.stretchesShown) {
            lines.append(
                "           \(TimeText.iso(unix: stretch.fromUnix)) to "
                    + "\(TimeText.iso(unix: stretch.toUnix)), \(stretch.calls) calls"
            )
        }
        if stretches.count > Self.stretchesShown {
            lines.append("           and \(stretches.count - Self.stretchesShown) stretches more")
        }
        lines.append("jobs       \(jobs)")
        lines.append("requests   about \(requests) to the upstream: \(basisText)")
        lines.append(
            "time       about \(TimeText.duration(time)) with \(parallel) requests at once and "
                + String(format: "%.2f", requestSeconds) + " s for each, "
                + (isMeasured ? "as the last backfill took" : "which is assumed")
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private var basisText: String {
        func told(_ density: CoverageDensity) -> String {
            let perDay = Double(density.calls) * 86_400 / Double(max(1, density.seconds))
            return String(format: "%.1f", perDay) + " calls a day, as seen in "
                + "\(TimeText.duration(.seconds(density.seconds))) "
        }
        switch basis {
        case .range(let density): return told(density) + "of this range"
        case .history(let density): return told(density) + "that are covered"
        case .none: return "the lists alone, for nothing is covered yet; each call adds one"
        }
    }
}

extension BackfillProgress {
    private static let barWidth = 40

    /// With the slices that failed, unless that is nil.
    func json(failed: [BackfillSlice]?) -> JSONValue {
        let pause: JSONValue =
            backfill.pause.map { pause in
                .fields(
                    ("by", .text(pause.person)),
                    ("reason", .text(pause.reason)),
                    ("since", .text(TimeText.iso(milliseconds: pause.atMilliseconds)))
                )
            } ?? .null
        var fields: [(String, JSONValue)] = [
            ("id", .text(backfill.id.text)),
            ("state", .text(backfill.state.rawValue)),
            ("from", .text(TimeText.iso(unix: backfill.range.fromUnix))),
            ("to", .text(TimeText.iso(unix: backfill.range.toUnix))),
            ("sliceSeconds", .integer(backfill.range.sliceSeconds)),
            ("agent", .optional(backfill.range.agentID)),
            ("slices", .count(backfill.range.slices)),
            ("done", .count(backfill.counts.done)),
            ("failed", .count(backfill.counts.failed)),
            ("skipped", .count(backfill.counts.skipped)),
            ("cancelled", .count(backfill.counts.cancelled)),
            ("left", .count(backfill.left)),
            ("handedOut", .count(backfill.handedOut)),
            ("calls", .count(backfill.calls)),
            ("requests", .count(backfill.requests)),
            ("slicesPerMinute", slicesPerSecond.map { .number($0 * 60) } ?? .null),
            ("secondsLeft", left.map { .integer($0.components.seconds) } ?? .null),
            ("by", .text(backfill.person)),
            ("started", .text(TimeText.iso(milliseconds: backfill.createdMilliseconds))),
            ("ended", .optional(backfill.endedMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("pause", pause),
        ]
        if let failed {
            fields.append(
                (
                    "failedSlices",
                    .list(
                        failed.map { slice in
                            let range = backfill.range.slice(slice.position)
                            return .fields(
                                ("slice", .count(slice.position)),
                                ("from", .text(TimeText.iso(unix: range.lowerBound))),
                                ("to", .text(TimeText.iso(unix: range.upperBound))),
                                ("job", .text(slice.jobID)),
                                ("reason", .optional(slice.reason))
                            )
                        }
                    )
                )
            )
        }
        return .object(fields.map { JSONValue.Field(name: $0.0, value: $0.1) })
    }

    static func table(_ list: [BackfillProgress]) -> String {
        var table = Table(
            .init("ID"),
            .init("STATE"),
            .init("FROM"),
            .init("TO"),
            .init("DONE", .right),
            .init("FAILED", .right),
            .init("LEFT", .right),
            .init("THROUGH IN")
        )
        for progress in list {
            let backfill = progress.backfill
            table.add(
                backfill.id.text,
                backfill.state.rawValue,
                TimeText.iso(unix: backfill.range.fromUnix),
                TimeText.iso(unix: backfill.range.toUnix),
                "\(backfill.counts.done + backfill.counts.skipped)",
                "\(backfill.counts.failed)",
                "\(backfill.left)",
                progress.left.map(TimeText.duration) ?? "-"
            )
        }
        return table.rendered(none: "No backfills.")
    }

    func text(failed: [BackfillSlice], now: Date) -> String {
        let counts = backfill.counts
        var lines = [
            "\(backfill.id)  \(backfill.state.rawValue)  "
                + "\(TimeText.iso(unix: backfill.range.fromUnix)) to "
                + "\(TimeText.iso(unix: backfill.range.toUnix)) in "
                + "\(TimeText.duration(.seconds(backfill.range.sliceSeconds)))",
            "[\(bar)] \(String(format: "%.1f", part * 100)) %",
            "done \(counts.done)  complete before \(counts.skipped)  failed \(counts.failed)  "
                + "cancelled \(counts.cancelled)  "
                + (backfill.state == .cancelled
                    ? "never begun \(backfill.range.slices - counts.ended)"
                    : "left \(backfill.left)"),
            "calls \(backfill.calls)  requests \(backfill.requests)",
        ]
        if let pause = backfill.pause {
            lines.append(
                "paused by \(pause.person) at \(TimeText.iso(milliseconds: pause.atMilliseconds))"
                    + (pause.reason.isEmpty ? "" : ": \(pause.reason)")
            )
        }
        if let slicesPerSecond, let left {
            let end = now.addingTimeInterval(Double(left.components.seconds))
            lines.append(
                String(format: "%.1f", slicesPerSecond * 60) + " slices a minute, through in "
                    + "\(TimeText.duration(left)), at \(TimeText.iso(end))"
            )
        } else if backfill.state == .running {
            lines.append("too few slices have ended to tell a rate")
        }
        for slice in failed {
            let range = backfill.range.slice(slice.position)
            lines.append(
                "failed: slice \(slice.position), \(TimeText.iso(unix: range.lowerBound)), job "
                    + "\(slice.jobID): \(JobText.clipped(slice.reason ?? "", 100))"
            )
        }
        if failed.count < counts.failed {
            lines.append("and \(counts.failed - failed.count) failed slices more")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var bar: String {
        let full = Int((part * Double(Self.barWidth)).rounded(.down))
        return String(repeating: "#", count: full)
            + String(repeating: ".", count: Self.barWidth - full)
    }
}
