import Foundation
import NIOCore

/// What a user's browser sends as feedback.
struct FeedbackBody: Decodable {
    private let rawFeedback: String?
    private let rating: Int?
    private let comment: String?

    private enum CodingKeys: String, CodingKey {
        case rawFeedback = "feedback"
        case rating, comment
    }

    enum Problem: Error {
        case meaningless
    }

    /// Comments beyond this are cut.
    private static let commentMax = 2_000

    init(_ body: ByteBuffer) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(body.readableBytesView))
    }

    var feedback: Feedback {
        get throws {
            if let rating {
                guard (1...5).contains(rating) else { throw Problem.meaningless }
                let text = comment.map { String($0.prefix(Self.commentMax)) }
                return Feedback(rating: rating, comment: text)
            }
            switch rawFeedback {
            case "like": return Feedback(likes: 1)
            case "dislike": return Feedback(dislikes: 1)
            default: throw Problem.meaningless
            }
        }
    }
}
