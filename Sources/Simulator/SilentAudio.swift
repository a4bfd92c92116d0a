import Foundation
import NIOCore

/// A short MPEG audio file without a sound.
enum SilentAudio {
    /// MPEG-1 layer III, 128 kbit/s, 44.1 kHz, mono; each frame is 417 bytes and 26 ms long.
    private static let header: [UInt8] = [0xFF, 0xFB, 0x90, 0xC4]
    private static let frameBytes = 417
    private static let frames = 40

    static var base64: String {
        Data(buffer.readableBytesView).base64EncodedString()
    }

    static var buffer: ByteBuffer {
        var buffer = ByteBuffer()
        for _ in 0..<frames {
            buffer.writeBytes(header)
            buffer.writeRepeatingByte(0, count: frameBytes - header.count)
        }
        return buffer
    }
}
