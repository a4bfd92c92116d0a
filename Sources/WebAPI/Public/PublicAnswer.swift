import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What strangers are answered.
enum PublicAnswer {
    /// Why a code leads nowhere.
    enum Page {
        case unknown
        case withoutPage
        case unavailable

        fileprivate var status: HTTPResponse.Status {
            self == .unavailable ? .serviceUnavailable : .notFound
        }

        fileprivate var title: String {
            switch self {
            case .unknown: "This code is not known"
            case .withoutPage: "This code has no page"
            case .unavailable: "Please try again in a minute"
            }
        }

        fileprivate var text: String {
            switch self {
            case .unknown: "It may have been mistyped, or it is no longer in use."
            case .withoutPage: "The page that it was made for is not there yet."
            case .unavailable: "The page cannot be found just now."
            }
        }
    }

    static func page(_ page: Page) -> Response {
        var headers = HTTPFields()
        if let name = HTTPField.Name("content-security-policy") {
            headers[name] = "default-src 'none'; frame-ancestors 'none'"
        }
        if let name = HTTPField.Name("x-robots-tag") { headers[name] = "noindex" }
        if page == .unavailable { headers[.retryAfter] = "60" }
        let text = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(page.title)</title></head>
            <body><main><h1>\(page.title)</h1><p>\(page.text)</p></main></body></html>

            """
        return .text(text, type: "text/html; charset=utf-8", status: page.status, headers: headers)
    }

    static var tooMany: Response {
        .text(
            "Too many requests; try again in a minute.\n",
            type: "text/plain; charset=utf-8",
            status: .tooManyRequests,
            headers: [.retryAfter: "60"]
        )
    }

    /// A transparent image of one pixel.
    static var pixel: Response {
        let bytes: [UInt8] = [
            0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x21,
            0xF9, 4, 1, 0, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B,
        ]
        return Response(
            status: .ok,
            headers: [.contentType: "image/gif"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
