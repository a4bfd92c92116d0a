import CallStore
import Foundation
import JobQueue
import Telemetry

extension PageDesk {
    /// Jobs that a search shows.
    private static let foundMax = 50

    /// Characters of a search for jobs.
    private static let findMax = 200

    /// Jobs of an id, about a conversation, or whose error holds what is searched for.
    func foundJobs(_ query: PageQuery) async throws -> View {
        var view: View = ["findFields": query.fields(without: ["find"])]
        let text = (query["find"] ?? "").trimmingCharacters(in: .whitespaces)
        guard !text.isEmpty else { return view }
        let jobs = try await jobs(String(text.prefix(Self.findMax)))
        view["find"] = text
        view["isFinding"] = true
        view["found"] = jobs.prefix(Self.foundMax).map { job -> View in
            [
                "job": job.id.text, "href": query.link("/jobs/\(job.id.text)"), "kind": job.kind,
                "state": job.state.rawValue, "about": job.entity ?? "–",
                "attempt": "\(job.attempt)", "changed": words.time(job.changedMilliseconds / 1_000),
                "reason": job.reason.map { LogMask().masked(String($0.prefix(160))) } ?? "",
            ]
        }
        view["hasFound"] = !jobs.isEmpty
        view["isFoundCut"] = jobs.count > Self.foundMax
        view["foundCut"] = "Only the newest \(Self.foundMax) are shown."
        return view
    }

    /// Those that changed last first, one more than are shown where there are more.
    private func jobs(_ text: String) async throws -> [IndexedJob] {
        var found: [JobID: IndexedJob] = [:]
        // What is no id may still be a conversation, or words of an error.
        if let id = try? JobID(text) {
            if let job = try await store.history(of: id).known { found[id] = job }
        }
        var about = JobQuery()
        about.entities = try await store.entities(ofConversation: text)
        var failed = JobQuery()
        failed.reasonText = text
        for wanted in [about, failed] {
            let page = try await store.indexedJobs(wanted, limit: Self.foundMax + 1)
            for job in page.jobs { found[job.id] = job }
        }
        return found.values.sorted {
            ($1.changedMilliseconds, $1.id.text) < ($0.changedMilliseconds, $0.id.text)
        }
    }
}
