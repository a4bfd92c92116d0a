import CCairo

/// What can go wrong with a report.
package enum ReportError: Error, Equatable, Sendable {
    /// The library that draws refuses; its own words.
    case cannotDraw(reason: String)
}

/// A document of pages in A4, drawn with cairo; positions in points from the upper left corner.
final class PDFCanvas {
    static let width = 595.0
    static let height = 842.0
    static let margin = 48.0

    enum Alignment {
        case left
        case right
        case centre
    }

    /// A shade that can be told from the others without colour.
    struct Ink: Sendable {
        var red: Double
        var green: Double
        var blue: Double

        static let text = Ink(red: 0.13, green: 0.15, blue: 0.19)
        static let quiet = Ink(red: 0.42, green: 0.45, blue: 0.5)
        static let rule = Ink(red: 0.82, green: 0.84, blue: 0.87)
        static let success = Ink(red: 0.1, green: 0.42, blue: 0.4)
        static let failure = Ink(red: 0.82, green: 0.36, blue: 0.2)
        static let unknown = Ink(red: 0.63, green: 0.66, blue: 0.7)
        static let pending = Ink(red: 0.88, green: 0.89, blue: 0.91)
        static let conversion = Ink(red: 0.2, green: 0.25, blue: 0.55)
    }

    /// Gathers what cairo writes.
    private final class Sink {
        var bytes: [UInt8] = []
    }

    private let sink = Sink()
    private let surface: OpaquePointer
    private let context: OpaquePointer

    /// - Parameters:
    ///   - title: For the document's properties.
    ///   - created: RFC 3339; the same input gives the same bytes.
    /// - Throws: `ReportError` when there is no memory.
    init(title: String, created: String) throws(ReportError) {
        let write: cairo_write_func_t = { closure, data, length in
            guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
            Unmanaged<Sink>.fromOpaque(closure).takeUnretainedValue().bytes
                .append(contentsOf: UnsafeBufferPointer(start: data, count: Int(length)))
            return CAIRO_STATUS_SUCCESS
        }
        let closure = Unmanaged.passUnretained(sink).toOpaque()
        guard
            let surface = cairo_pdf_surface_create_for_stream(
                write,
                closure,
                Self.width,
                Self.height
            ), let context = cairo_create(surface)
        else { throw .cannotDraw(reason: "no memory") }
        self.surface = surface
        self.context = context
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Ringback")
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, created)
    }

    deinit {
        cairo_destroy(context)
        // Writes into the sink, if it was not finished.
        cairo_surface_finish(surface)
        cairo_surface_destroy(surface)
    }

    func endPage() { cairo_show_page(context) }

    /// The whole document; nothing can be drawn after it.
    func finish() throws(ReportError) -> [UInt8] {
        let drawn = cairo_status(context)
        cairo_surface_finish(surface)
        let written = cairo_surface_status(surface)
        for status in [drawn, written] where status != CAIRO_STATUS_SUCCESS {
            throw .cannotDraw(reason: String(cString: cairo_status_to_string(status)))
        }
        return sink.bytes
    }

    // MARK: Drawing

    /// Draws one line of text on a base line.
    func text(
        _ text: String,
        x: Double,
        y: Double,
        size: Double = 10,
        bold: Bool = false,
        ink: Ink = .text,
        alignment: Alignment = .left
    ) {
        use(ink)
        setFont(size: size, bold: bold)
        let width = alignment == .left ? 0 : self.width(of: text)
        let shift: Double =
            switch alignment {
            case .left: 0
            case .right: width
            case .centre: width / 2
            }
        cairo_move_to(context, x - shift, y)
        cairo_show_text(context, Self.plain(text))
    }

    /// The text, shortened with an ellipsis where it is wider than it may be.
    func fitted(_ text: String, width: Double, size: Double = 10, bold: Bool = false) -> String {
        setFont(size: size, bold: bold)
        guard self.width(of: text) > width else { return text }
        var short = text
        while !short.isEmpty, self.width(of: short + "\u{2026}") > width { short.removeLast() }
        return short + "\u{2026}"
    }

    func fill(x: Double, y: Double, width: Double, height: Double, ink: Ink) {
        use(ink)
        cairo_rectangle(context, x, y, width, height)
        cairo_fill(context)
    }

    func outline(x: Double, y: Double, width: Double, height: Double, ink: Ink) {
        use(ink)
        cairo_set_line_width(context, 0.6)
        cairo_rectangle(context, x, y, width, height)
        cairo_stroke(context)
    }

    func line(fromX: Double, fromY: Double, toX: Double, toY: Double, ink: Ink, width: Double = 0.5)
    {
        use(ink)
        cairo_set_line_width(context, width)
        cairo_move_to(context, fromX, fromY)
        cairo_line_to(context, toX, toY)
        cairo_stroke(context)
    }

    private func use(_ ink: Ink) { cairo_set_source_rgb(context, ink.red, ink.green, ink.blue) }

    private func setFont(size: Double, bold: Bool) {
        cairo_select_font_face(
            context,
            "sans-serif",
            CAIRO_FONT_SLANT_NORMAL,
            bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL
        )
        cairo_set_font_size(context, size)
    }

    private func width(of text: String) -> Double {
        var extents = cairo_text_extents_t()
        cairo_text_extents(context, Self.plain(text), &extents)
        return extents.x_advance
    }

    /// One line without what no font draws; a NUL would end the text.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
            )
        )
    }
}
