import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Reports

/// The QR codes of campaigns and of their recipients.
struct CodeRoutes: RouteGroup {
    private enum Format: String, CaseIterable {
        case svg
        case png
    }

    /// Width of one module of a PNG, in pixels, unless `?module=` says another.
    private static let moduleDefault = 8

    let parts: WebParts

    func add(to router: Router<WebContext>) {
        for format in Format.allCases {
            router.get(RouterPath("/api/v1/campaigns/:id/qr.\(format.rawValue)")) {
                request,
                context in
                let campaign = try Self.campaign(context)
                return try await answer(request, as: format) { writer in
                    try writer.token(of: campaign)
                }
            }
            router.get(
                RouterPath("/api/v1/campaigns/:id/recipients/:recipient/qr.\(format.rawValue)")
            ) { request, context in
                let campaign = try Self.campaign(context)
                guard let number = context.parameters.get("recipient").flatMap(Int64.init) else {
                    throw Self.notFound
                }
                return try await answer(request, as: format) { writer in
                    try writer.token(of: RecipientID(number), in: campaign)
                }
            }
        }
    }

    private static var notFound: APIError {
        APIError(.notFound, "There is no such campaign or recipient.")
    }

    private static func campaign(_ context: WebContext) throws(APIError) -> CampaignID {
        guard let number = context.parameters.get("id").flatMap(Int64.init) else { throw notFound }
        return CampaignID(number)
    }

    private func answer(
        _ request: Request,
        as format: Format,
        token: @escaping @Sendable (StoreWriter) throws -> String
    ) async throws -> Response {
        let text: String
        do throws(StoreError) {
            text = try await parts.store.write(token)
        } catch .notFound {
            throw Self.notFound
        }
        let code = try QRCode(parts.site.link(token: text))
        switch format {
        case .svg:
            return .text(code.svg, type: "image/svg+xml")
        case .png:
            var module = Self.moduleDefault
            if let asked = request.uri.queryParameters["module"] {
                guard let number = Int(asked), QRCode.moduleRange.contains(number) else {
                    throw APIError(
                        .cannotBeRead,
                        "module takes \(QRCode.moduleRange.lowerBound) to "
                            + "\(QRCode.moduleRange.upperBound)."
                    )
                }
                module = number
            }
            let png = try code.png(module: module)
            return Response(
                status: .ok,
                headers: [.contentType: "image/png"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: png))
            )
        }
    }
}
