import CallStore
import HTTPTypes
import Hummingbird
import NIOCore
import Reports

/// The QR codes of campaigns and of their recipients.
enum CodeEndpoints {
    private enum Format: String, CaseIterable {
        case svg
        case png

        var type: String { self == .svg ? "image/svg+xml" : "image/png" }
    }

    /// Width of one module of a PNG, in pixels, unless `?module=` says another.
    private static let moduleDefault = 8

    static var all: [Endpoint] {
        Format.allCases.flatMap { [ofCampaign($0), ofRecipient($0)] }
    }

    private static func ofCampaign(_ format: Format) -> Endpoint {
        Endpoint(
            method: .get,
            path: "/api/v1/campaigns/{id}/qr.\(format.rawValue)",
            summary: "The code of a campaign, as \(format.rawValue.uppercased()).",
            query: query(format),
            contentType: format.type
        ) { ask in
            let campaign = CampaignID(try ask.number("id", "campaign"))
            return try await answer(ask, as: format) { try $0.token(of: campaign) }
        }
    }

    private static func ofRecipient(_ format: Format) -> Endpoint {
        Endpoint(
            method: .get,
            path: "/api/v1/campaigns/{id}/recipients/{recipient}/qr.\(format.rawValue)",
            summary: "The code of one recipient, as \(format.rawValue.uppercased()).",
            query: query(format),
            contentType: format.type
        ) { ask in
            let campaign = CampaignID(try ask.number("id", "campaign"))
            let recipient = RecipientID(try ask.number("recipient", "recipient"))
            return try await answer(ask, as: format) { writer in
                try writer.token(of: recipient, in: campaign)
            }
        }
    }

    private static func query(_ format: Format) -> [Endpoint.Parameter] {
        guard format == .png else { return [] }
        return [
            .init(
                name: "module",
                schema: .integer(QRCode.moduleRange),
                meaning: "Width of one module, in pixels."
            )
        ]
    }

    private static func answer(
        _ ask: Ask,
        as format: Format,
        token: @escaping @Sendable (StoreWriter) throws -> String
    ) async throws -> Response {
        let module = try ask.query.integer("module", in: QRCode.moduleRange) ?? moduleDefault
        let text = try await ask.parts.store.write(token)
        let code = try QRCode(ask.parts.site.link(token: text))
        switch format {
        case .svg:
            return .text(code.svg, type: format.type)
        case .png:
            return Response(
                status: .ok,
                headers: [.contentType: format.type],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: try code.png(module: module)))
            )
        }
    }
}
