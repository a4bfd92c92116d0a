import Foundation
import Reports
import TestSupport
import Testing

@Suite("QR codes")
struct QRCodeTests {
    /// What a decoder that is not ours reads in an image.
    private static func read(_ png: Data) async throws -> String {
        let folder = try ScratchFolder()
        let file = folder.url.appending(path: "code.png")
        try png.write(to: file)
        let said = try await OtherProgram.run(["zbarimg", "--quiet", "--raw", file.path])
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    @Test(
        "are read back by a decoder that is not ours, at every size",
        arguments: [
            ("https://ringback.example.com/t/0123456789abcdef01234567", 3),
            ("https://ringback.example.com/t/0123456789abcdef01234567", 8),
            ("http://a.example/t/x", 2),
            ("https://example.com/" + String(repeating: "long-", count: 60), 4),
        ]
    )
    func areRead(text: String, module: Int) async throws {
        #expect(try await Self.read(try QRCode(text).png(module: module)) == text)
    }

    @Test("are the same in SVG: its dark area is the image's")
    func areTheSame() throws {
        let code = try QRCode("https://ringback.example.com/t/abc")
        let svg = code.svg
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        let all = code.side + 8
        #expect(svg.contains("viewBox=\"0 0 \(all) \(all)\""))
        #expect(try XMLDepth.isSound(svg))
        // The finder patterns: seven dark modules in a row at three corners.
        #expect(svg.contains("M4 4h7v1h-7z"))
        #expect(svg.contains("M\(4 + code.side - 7) 4h7v1h-7z"))
        #expect(svg.contains("M4 \(4 + code.side - 1)h7v1h-7z"))
    }

    @Test("are read back from SVG, drawn by a browser's rules on a grid")
    func svgIsRead() async throws {
        let text = "https://ringback.example.com/t/0123456789abcdef01234567"
        let code = try QRCode(text)
        let all = code.side + 8
        let unit = 6
        var pixels = [UInt8](repeating: 255, count: all * unit * all * unit)
        for match in code.svg.matches(of: /M(\d+) (\d+)h(\d+)v1h-\d+z/) {
            let x = try #require(Int(match.1))
            let y = try #require(Int(match.2))
            let width = try #require(Int(match.3))
            for row in y * unit..<(y + 1) * unit {
                let start = row * all * unit
                for column in x * unit..<(x + width) * unit { pixels[start + column] = 0 }
            }
        }
        // A portable greymap, which the decoder reads too.
        let image = Data("P5 \(all * unit) \(all * unit) 255\n".utf8) + Data(pixels)
        #expect(try await Self.read(image) == text)
    }

    @Test("are refused for what does not fit")
    func refuses() {
        #expect(throws: ReportError.self) { try QRCode("") }
        #expect(throws: ReportError.self) { try QRCode(String(repeating: "x", count: 3_000)) }
    }
}

/// Whether tags of a small document open and close in order.
private enum XMLDepth {
    static func isSound(_ text: String) throws -> Bool {
        var open: [Substring] = []
        for match in text.matches(of: /<(\/?)([a-z]+)[^<>]*?(\/?)>/) {
            if !match.3.isEmpty { continue }
            if match.1.isEmpty {
                open.append(match.2)
            } else if open.popLast() != match.2 {
                return false
            }
        }
        return open.isEmpty
    }
}
