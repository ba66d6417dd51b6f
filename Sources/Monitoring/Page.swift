/// An answer to a GET.
package struct Page: Equatable, Sendable {
    /// Made anew for every request.
    package typealias Maker = @Sendable () async -> Page

    /// HTTP status.
    package let status: Int
    package let contentType: String
    package let body: String

    package init(status: Int = 200, contentType: String, body: String) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package init(status: Int = 200, text: String) {
        self.init(status: status, contentType: "text/plain; charset=utf-8", body: text)
    }

    package init(status: Int = 200, json: String) {
        self.init(status: status, contentType: "application/json", body: json)
    }
}
