import Foundation
import Logging
import NIOCore

extension SimulatedUpstream {
    /// Answers the routes that tell what is true; they need no key and never fail.
    func truth(_ request: APIRequest) -> APIReply {
        let route = Array(request.path.dropFirst())
        switch (request.method, route) {
        case ("GET", ["conversations"]): return conversations()
        case ("GET", ["recipients"]): return recipients()
        case ("GET", ["faults"]): return APIReply(200, faults.report)
        case ("POST", ["faults"]): return changeFaults(request.body)
        case (_, ["conversations"]), (_, ["recipients"]), (_, ["faults"]):
            return APIError.wrongMethod
        default: return APIError.unknownRoute
        }
    }

    /// Rows written at a time.
    private static let chunk = 250

    private func conversations() -> APIReply {
        let now = now
        let count = world.count(at: now)
        return lines(of: count) { index, buffer in
            guard isListed(index) else { return }
            truth(of: index, at: now).json.write(into: &buffer)
            buffer.writeStaticString("\n")
        }
    }

    /// What is true about a call as of a moment.
    package func truth(of index: Int, at now: Int) -> Truth {
        let malformed = faults.profile.has(.malformedRecords) && Hostility.isMalformed(index)
        return Truth(world.record(index, at: now), in: world, isMalformed: malformed)
    }

    private func recipients() -> APIReply {
        let calls = callsOfRecipients(at: now)
        return lines(of: world.campaigns.peopleCount) { person, buffer in
            for row in world.recipients.rows(ofPerson: person) {
                row.json(calls: calls[row.reference] ?? 0).write(into: &buffer)
                buffer.writeStaticString("\n")
            }
        }
    }

    /// How many calls are credited to each recipient.
    private func callsOfRecipients(at now: Int) -> [String: Int] {
        var calls: [String: Int] = [:]
        for index in 0..<world.count(at: now) {
            if let recipient = truth(of: index, at: now).recipient {
                calls[recipient, default: 0] += 1
            }
        }
        return calls
    }

    private func lines(
        of count: Int,
        _ write: @escaping @Sendable (Int, inout ByteBuffer) -> Void
    ) -> APIReply {
        let pieces = (count + Self.chunk - 1) / Self.chunk
        return APIReply(
            200,
            contentType: "application/x-ndjson",
            body: .pieces(count: pieces) { piece in
                var buffer = ByteBuffer()
                for row in piece * Self.chunk..<min(count, (piece + 1) * Self.chunk) {
                    write(row, &buffer)
                }
                return buffer
            }
        )
    }

    private struct FaultsBody: Decodable {
        let mode: String?
        let faults: [String]?
    }

    private func changeFaults(_ body: ByteBuffer) -> APIReply {
        do {
            let wanted = try JSONDecoder().decode(
                FaultsBody.self,
                from: Data(body.readableBytesView)
            )
            let settings = try (wanted.faults ?? []).map { try FaultSetting($0) }
            if wanted.mode != nil || wanted.faults != nil,
                let mode = FaultMode(rawValue: wanted.mode ?? "none")
            {
                set(FaultProfile(mode, settings))
                return APIReply(200, faults.report)
            }
        } catch let problem as FaultProblem {
            return APIError.invalid(
                InvalidParameter(
                    place: "body",
                    name: "faults",
                    input: "",
                    type: "value_error",
                    message: problem.line
                )
            )
        } catch {
            logger.debug("refused a change of the faults")
        }
        return APIError.invalid(
            InvalidParameter(
                place: "body",
                name: "mode",
                input: "",
                type: "enum",
                message: "Input should be 'none', 'flaky' or 'hostile'"
            )
        )
    }
}

extension RecipientRow {
    /// A line of `GET /_truth/recipients`.
    func json(calls: Int) -> JSON {
        [
            "campaign": .string(campaign),
            "channel": .string(channel.rawValue),
            "recipient": .string(reference),
            "name": .string(name),
            "phone": JSON(e164),
            "spelling": .string(phone),
            "sentUnix": .int(sent),
            "deliveredUnix": JSON(delivered),
            "valid": .bool(e164 != nil),
            "duplicate": .bool(isDuplicate),
            "calls": .int(calls),
        ]
    }
}
