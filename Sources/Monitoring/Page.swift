import NIOCore

/// An answer to a GET.
package struct Page: Sendable {
    /// Made anew for every request.
    package typealias Maker = @Sendable () async -> Page

    /// HTTP status.
    package let status: Int
    package let contentType: String
    package let body: String
    /// In place of `body`: a file that browsers are to keep, and its name.
    package private(set) var file: (bytes: ByteBuffer, name: String)?

    package init(status: Int = 200, contentType: String, body: String) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// - Parameter name: letters, digits, `.` and `_`.
    package init(file bytes: ByteBuffer, name: String) {
        self.init(contentType: "application/octet-stream", body: "")
        file = (bytes, name)
    }

    package init(status: Int = 200, text: String) {
        self.init(status: status, contentType: "text/plain; charset=utf-8", body: text)
    }

    package init(status: Int = 200, json: String) {
        self.init(status: status, contentType: "application/json", body: json)
    }
}

extension Page: Equatable {
    package static func == (a: Self, b: Self) -> Bool {
        a.status == b.status && a.contentType == b.contentType && a.body == b.body && a.file?.bytes == b.file?.bytes
            && a.file?.name == b.file?.name
    }
}
