import CCairo
import CQRCode
package import Foundation

/// A QR code of a short text.
package struct QRCode: Sendable, Equatable {
    /// Light modules around the code, as ISO/IEC 18004 asks.
    static let margin = 4

    /// Width of one module in the image, in pixels.
    package static let moduleRange = 1...64

    /// Modules along one side, without the margin.
    package let side: Int

    /// Whether each module is dark, row by row.
    private let modules: [Bool]

    /// Makes the smallest code of a text.
    ///
    /// It can be read with 15 % of it damaged or dirty, as it should be on paper.
    ///
    /// - Throws: `ReportError.cannotDraw` for a text that is empty or too long.
    package init(_ text: String) throws(ReportError) {
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else {
            throw .cannotDraw(reason: text.isEmpty ? "no text" : "the text is too long")
        }
        side = Int(code.pointee.width)
        // The lowest bit says dark; the others what the module is for.
        modules = UnsafeBufferPointer(start: code.pointee.data, count: side * side)
            .map { $0 & 1 == 1 }
        QRcode_free(code)
    }

    /// Runs of dark modules, with the margin counted.
    private var runs: [(x: Int, y: Int, width: Int)] {
        var runs: [(x: Int, y: Int, width: Int)] = []
        for row in 0..<side {
            var column = 0
            while column < side {
                let start = column
                while column < side, modules[row * side + column] { column += 1 }
                if column > start {
                    runs.append((start + Self.margin, row + Self.margin, column - start))
                }
                column += 1
            }
        }
        return runs
    }

    /// The code as SVG that scales to any size.
    package var svg: String {
        let all = side + 2 * Self.margin
        let path = runs.map { "M\($0.x) \($0.y)h\($0.width)v1h-\($0.width)z" }.joined()
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(all) \(all)" \
            shape-rendering="crispEdges"><path fill="#fff" d="M0 0h\(all)v\(all)h-\(all)z"/>\
            <path d="\(path)"/></svg>

            """
    }

    /// The code as PNG.
    ///
    /// - Parameter module: Width of one module in pixels, within `moduleRange`.
    /// - Returns: The file.
    /// - Throws: `ReportError.cannotDraw` when there is no memory.
    package func png(module: Int) throws(ReportError) -> Data {
        precondition(Self.moduleRange.contains(module), "The size is checked where it is given.")
        let pixels = Int32((side + 2 * Self.margin) * module)
        guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, pixels, pixels),
            let context = cairo_create(surface)
        else { throw .cannotDraw(reason: "no memory") }
        defer {
            cairo_destroy(context)
            cairo_surface_destroy(surface)
        }
        cairo_set_source_rgb(context, 1, 1, 1)
        cairo_paint(context)
        cairo_set_source_rgb(context, 0, 0, 0)
        let unit = Double(module)
        for run in runs {
            cairo_rectangle(
                context,
                Double(run.x) * unit,
                Double(run.y) * unit,
                Double(run.width) * unit,
                unit
            )
        }
        cairo_fill(context)
        return try Self.bytes(of: surface)
    }

    private static func bytes(of surface: OpaquePointer) throws(ReportError) -> Data {
        final class Sink {
            var data = Data()
        }
        let sink = Sink()
        let status = withExtendedLifetime(sink) {
            cairo_surface_write_to_png_stream(
                surface,
                { closure, data, length in
                    guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
                    Unmanaged<Sink>.fromOpaque(closure).takeUnretainedValue().data
                        .append(data, count: Int(length))
                    return CAIRO_STATUS_SUCCESS
                },
                Unmanaged.passUnretained(sink).toOpaque()
            )
        }
        guard status == CAIRO_STATUS_SUCCESS else {
            throw .cannotDraw(reason: String(cString: cairo_status_to_string(status)))
        }
        return sink.data
    }
}
