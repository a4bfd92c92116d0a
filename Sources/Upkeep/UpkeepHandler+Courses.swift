import CallJobs
import CallStore
import ElevenLabs
import Foundation
import JobQueue
import JobWorker

extension UpkeepHandler {
    /// Adds how calls went that were there before it was kept: a batch, and on to the next.
    ///
    /// Answers were measured in bodies that may be gone by now; such calls stay without.
    func courses() async throws -> HandlerResult<StoreChange> {
        let limit = min(settings.batch, UpkeepSettings.bodiesMax)
        guard let span = try await store.unfilledCourses(limit: limit) else {
            return .done { _ in }
        }
        var responses: [CallID: [Int]] = [:]
        for (call, body) in try await store.courseBodies(of: span) {
            responses[call] = Self.responses(in: body)
        }
        return .done { [responses] writer in
            guard try writer.fillCourses(of: span, responses: responses) else { return }
            try writer.addToOutbox(OutboxJob(UpkeepArguments(.courses), lane: .low))
        }
    }

    /// The measurements of a detail, or of the webhook that brought one; nil where none is read.
    private static func responses(in body: RawBody) -> [Int]? {
        let bytes = Array(body.body)
        if body.kind == .webhook {
            guard case .transcription(let detail)? = try? WebhookEnvelope(bytes).content
            else { return nil }
            return detail.responseMilliseconds
        }
        // What could not be read when it came is listed by `doctor`; here it only tells nothing.
        return (try? ConversationDetail(json: JSONParser.parse(bytes)))?.responseMilliseconds
    }
}
