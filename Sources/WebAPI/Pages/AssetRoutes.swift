import HTTPTypes
import Hummingbird

/// Styles, scripts and icons, at addresses that name their content.
struct AssetRoutes: RouteGroup {
    static let prefix = "/assets/"

    let files: WebFiles

    func add(to router: Router<WebContext>) {
        router.get("assets/:digest/**") { request, context in
            try answer(
                digest: context.parameters.get("digest"),
                name: context.parameters.getCatchAll().joined(separator: "/"),
                known: request.headers[.ifNoneMatch]
            )
        }
        router.get("favicon.ico") { _, _ in
            try answer(digest: files.digest, name: "icons/favicon.svg", known: nil)
        }
    }

    /// An address of another version of the files is one of nothing: its content is not here.
    private func answer(digest: String?, name: String, known: String?) throws -> Response {
        guard digest == files.digest, let asset = files.assets[name] else {
            throw APIError(.notFound, "There is nothing at this address.")
        }
        let tag = "\"\(files.digest)\""
        var headers = HTTPFields()
        headers[.eTag] = tag
        headers[.cacheControl] = "public, max-age=31536000, immutable"
        if known == tag { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = asset.type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: asset.bytes))
    }
}
