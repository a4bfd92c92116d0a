import Ambient
import CallJobs
import Foundation
import JobQueue
import Scheduling

extension PageDesk {
    /// The schedules, or those that make jobs of one kind: when they fired and when they will.
    func schedules(of kind: JobKind? = nil) async throws -> View {
        let schedules: [Schedule]
        do {
            schedules = try ScheduleDesk(parts: parts).schedules()
        } catch {
            return ["schedulesProblem": "The schedules cannot be read: \(error.description)"]
        }
        // What Redis knows of them is left out while it does not answer.
        let isDown = live.depths.downSinceUnix != nil
        var rows: [View] = []
        for schedule in schedules where kind == nil || kind?.rawValue == schedule.kind {
            rows.append(try await row(schedule, isDown: isDown))
        }
        return ["schedules": rows, "hasSchedules": !rows.isEmpty]
    }

    private func row(_ schedule: Schedule, isDown: Bool) async throws -> View {
        let name = schedule.name.text
        let kind = JobKind(rawValue: schedule.kind)
        let queue = isDown ? nil : parts.queues.first { $0.name == kind?.queue }
        let next = schedule.firings(after: parts.ambient.now(), count: 1).first
        var view: View = [
            "name": name, "what": kind == .export ? Self.what(schedule.payload) : "",
            "last": "–", "state": "not known",
            "next": next.map { words.time(Int64($0.timeIntervalSince1970)) } ?? "–",
        ]
        guard let queue else { return view }
        let found = await within(parts.figureMax, parts.ambient) {
            (
                last: try await queue.lastTick(ofSchedule: name),
                pause: try await queue.schedulePause(name)
            )
        }
        guard let found else { return view }
        view["last"] = found.last.map { words.time($0 / 1_000) } ?? "–"
        view["state"] = found.pause == nil ? "active" : "paused"
        view["isPaused"] = found.pause != nil
        view["isActive"] = found.pause == nil
        view["pauseText"] = found.pause.map { "by \($0.person): \($0.reason)" } ?? ""
        return view
    }
}
