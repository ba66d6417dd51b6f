/// An answer to a GET.
package struct Page: Equatable, Sendable {
    /// Made anew for every request.
    package typealias Maker = @Sendable () async -> Page

    /// HTTP status.
    package let status: Int
    package let contentType: String
    /// Beside the content's type; names in lower case.
    package let headers: [String: String]
    package let body: String

    package init(status: Int = 200, contentType: String, headers: [String: String] = [:], body: String) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    package init(status: Int = 200, text: String) {
        self.init(status: status, contentType: "text/plain; charset=utf-8", body: text)
    }

    package init(status: Int = 200, json: String) {
        self.init(status: status, contentType: "application/json", body: json)
    }
}
