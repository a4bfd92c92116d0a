package import Ambient
import Foundation

/// One piece of work's place in a trace, as W3C Trace Context names it.
///
/// A request, a tick or an operator's command begins a trace; what follows from it has the same
/// trace id and a span id of its own.
package struct TraceContext: Hashable, Sendable {
    /// The 16 bytes of the trace id, as two numbers; never all zero.
    private let traceHigh: UInt64
    private let traceLow: UInt64

    /// The 8 bytes of the span id; never zero.
    private let span: UInt64

    /// Whether whoever began the trace records it.
    package let isSampled: Bool

    private init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        // What the standard forbids cannot be drawn from real random numbers, but from others.
        self.traceLow = traceHigh == 0 && traceLow == 0 ? 1 : traceLow
        self.span = span == 0 ? 1 : span
        self.isSampled = isSampled
    }

    /// The beginning of a new trace.
    package static func root(from ambient: Ambient) -> Self {
        let trace = halves(ambient.newID())
        return Self(
            traceHigh: trace.high,
            traceLow: trace.low,
            span: halves(ambient.newID()).low,
            isSampled: true
        )
    }

    /// Something that follows from this: the same trace, a span of its own.
    package func child(from ambient: Ambient) -> Self {
        Self(
            traceHigh: traceHigh,
            traceLow: traceLow,
            span: Self.halves(ambient.newID()).low,
            isSampled: isSampled
        )
    }

    /// The trace of something that came without one, made from its name.
    ///
    /// The same name gives the same trace, so that every attempt and every process agree.
    package init(derivedFrom name: String) {
        self.init(
            traceHigh: Self.hash(name, 0),
            traceLow: Self.hash(name, 1),
            span: Self.hash(name, 2),
            isSampled: true
        )
    }

    /// 32 lowercase hexadecimal digits.
    package var traceID: String { Self.hex(traceHigh) + Self.hex(traceLow) }

    /// 16 lowercase hexadecimal digits.
    package var spanID: String { Self.hex(span) }

    private static func halves(_ id: UUID) -> (high: UInt64, low: UInt64) {
        withUnsafeBytes(of: id.uuid) { bytes in
            (number(bytes[0..<8]), number(bytes[8..<16]))
        }
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// FNV-1a with a salt, and a final mix so that every bit depends on every byte.
    private static func hash(_ text: String, _ salt: UInt64) -> UInt64 {
        var hash = 0xCBF2_9CE4_8422_2325 ^ (salt &* 0x9E37_79B9_7F4A_7C15)
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        return hash ^ (hash >> 33)
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

// MARK: - traceparent

extension TraceContext {
    /// The name of the header.
    package static let header = "traceparent"

    /// Version 00: `00-<trace id>-<span id>-<flags>`, 55 characters.
    package var traceparent: String {
        "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")"
    }

    /// Reads a `traceparent` by the letter of the standard; nil for anything else.
    ///
    /// Digits are lowercase, ids are not all zero, and version `ff` is none. Of a version above 00
    /// the first four fields are read, and further ones may follow behind a dash. Of the flags only
    /// `sampled` is kept.
    package init?(traceparent text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= Self.length, let version = Self.number(bytes, 0..<2),
            version != 0xFF
        else { return nil }
        if bytes.count > Self.length {
            guard version > 0, bytes[Self.length] == Self.dash else { return nil }
        }
        guard [2, 35, 52].allSatisfy({ bytes[$0] == Self.dash }),
            let high = Self.number(bytes, 3..<19), let low = Self.number(bytes, 19..<35),
            let span = Self.number(bytes, 36..<52), let flags = Self.number(bytes, 53..<55),
            high | low != 0, span != 0
        else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, isSampled: flags & 1 == 1)
    }

    private static let length = 55
    private static let dash = UInt8(ascii: "-")

    private static func number(_ bytes: [UInt8], _ range: Range<Int>) -> UInt64? {
        var number: UInt64 = 0
        for byte in bytes[range] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}
