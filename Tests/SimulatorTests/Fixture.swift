import Ambient
import Foundation
import Logging
import NIOCore
import Simulator
import Synchronization
import TestSupport

/// A wall clock that stands where the test puts it.
final class WallClock: Sendable {
    private let seconds: Mutex<Int>

    init(_ seconds: Int) {
        self.seconds = Mutex(seconds)
    }

    func set(_ moment: Int) {
        seconds.withLock { $0 = moment }
    }

    var ambient: Ambient {
        let live = Ambient.live(seed: 1)
        return Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: Double(self.seconds.withLock { $0 })) },
            newID: live.newID,
            chance: live.chance
        )
    }
}

/// A simulation at a fixed moment, and what tests ask of it.
struct Fixture {
    static let anchor = 1_794_700_000
    static let key = "simulator"

    let simulation: SimulatedUpstream
    let wall: WallClock

    init(
        seed: UInt64 = 1,
        calls: Int = 400,
        days: Int = 30,
        agents: Int = 3,
        liveEvery: Int = 0,
        unfinished: Int = 0,
        faults: FaultMode = .none,
        with settings: [FaultSetting] = []
    ) {
        wall = WallClock(Self.anchor)
        simulation = SimulatedUpstream(
            WorldSettings(
                seed: seed,
                calls: calls,
                days: days,
                agents: agents,
                anchor: Self.anchor,
                liveEvery: liveEvery,
                unfinished: unfinished
            ),
            apiKey: Self.key,
            faults: FaultProfile(faults, settings),
            ambient: wall.ambient,
            logger: Logger(label: "test")
        )
    }

    func request(_ method: String, _ target: String, _ body: String = "") -> APIReply {
        simulation.reply(
            to: APIRequest(method, target, apiKey: Self.key, body: ByteBuffer(string: body))
        )
    }

    func get(_ target: String) -> APIReply {
        request("GET", target)
    }

    /// The body of a successful reply.
    func object(_ target: String) throws -> [String: Any] {
        try get(target).object
    }

    /// Rows of a truth route.
    func rows(_ target: String) throws -> [[String: Any]] {
        try get(target).bytes.split(separator: UInt8(ascii: "\n")).map { line in
            try jsonObject(Data(line))
        }
    }

    /// Walks all pages.
    func walk(_ query: String = "page_size=100") throws -> [[String: Any]] {
        var items: [[String: Any]] = []
        var cursor = ""
        while true {
            let page = try object("/v1/convai/conversations?\(query)\(cursor)")
            items += try objects(page, "conversations")
            guard page["has_more"] as? Bool == true else { return items }
            cursor = "&cursor=" + (try text(page, "next_cursor"))
        }
    }

    func detail(_ identifier: String) throws -> [String: Any] {
        try object("/v1/convai/conversations/\(identifier)")
    }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

func jsonObject(_ data: Data) throws -> [String: Any] {
    guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
        throw Unexpected(description: "no JSON object")
    }
    return object
}

func object(_ parent: [String: Any], _ name: String) throws -> [String: Any] {
    guard let child = parent[name] as? [String: Any] else {
        throw Unexpected(description: "\(name) is no object")
    }
    return child
}

func objects(_ parent: [String: Any], _ name: String) throws -> [[String: Any]] {
    guard let children = parent[name] as? [[String: Any]] else {
        throw Unexpected(description: "\(name) is no list of objects")
    }
    return children
}

func text(_ parent: [String: Any], _ name: String) throws -> String {
    guard let text = parent[name] as? String else {
        throw Unexpected(description: "\(name) is no text")
    }
    return text
}

func number(_ parent: [String: Any], _ name: String) throws -> Int {
    guard let number = parent[name] as? Int else {
        throw Unexpected(description: "\(name) is no whole number")
    }
    return number
}

extension APIReply {
    var bytes: Data {
        switch body {
        case .whole(let buffer): Data(buffer.readableBytesView)
        case .pieces(let count, let piece):
            (0..<count).reduce(into: Data()) { data, number in
                data.append(contentsOf: piece(number).readableBytesView)
            }
        }
    }

    var object: [String: Any] {
        get throws {
            guard status == 200 else {
                throw Unexpected(
                    description: "status \(status): \(String(decoding: bytes, as: UTF8.self))"
                )
            }
            return try jsonObject(bytes)
        }
    }

    /// The type or the text of an error's detail.
    var detail: Any? {
        get throws { try jsonObject(bytes)["detail"] }
    }
}
