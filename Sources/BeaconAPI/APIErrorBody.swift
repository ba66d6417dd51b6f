import SSZ

/// The body of every beacon API answer that is not a success: `{"code":…,"message":…}`, for lists of submitted
/// objects also `"failures":[{"index":…,"message":…}]`. Source: beacon-APIs `types/http.yaml`.
package struct APIErrorBody: Hashable, Sendable {
    package struct Failure: Hashable, Sendable {
        /// Position of the refused object in the request.
        package var index: Int
        package var message: String

        package init(index: Int, message: String) {
            self.index = index
            self.message = message
        }
    }

    /// Usually the HTTP status.
    package var code: Int
    package var message: String
    package var failures: [Failure] = []

    package init(code: Int, message: String, failures: [Failure] = []) {
        self.code = code
        self.message = message
        self.failures = failures
    }

    package func json() -> JSONValue {
        var object = JSONObject([("code", JSONValue(code)), ("message", .string(message))])
        if !failures.isEmpty {
            object.append(
                "failures",
                .array(failures.map { ["index": JSONValue($0.index), "message": .string($0.message)] }))
        }
        return .object(object)
    }
}

extension APIErrorBody {
    /// Failures beyond this many are dropped: they say nothing new.
    private static let failuresMax = 1024
    /// Longer texts are cut: they go to logs.
    private static let messageCharactersMax = 512
    /// More is no error message, not even for a list of thousands.
    package static let bytesMax = 4 << 20

    /// Reads what a beacon node sent with an error status. Never fails: nodes and the proxies before them send HTML,
    /// plain text, codes as strings, or nothing.
    package init(lenient bytes: some Collection<UInt8>, status: Int) {
        self.init(code: status, message: "")
        let limits = JSONLimits(bytesMax: Self.bytesMax, depthMax: 8, valuesMax: 200_000)
        guard let json = try? JSONValue(parsing: bytes, limits: limits), json.object != nil else {
            message = Self.cut(String(decoding: bytes.prefix(4 * Self.messageCharactersMax), as: UTF8.self))
            return
        }
        if let code = json["code"]?.uint64.flatMap({ Int(exactly: $0) }) { self.code = code }
        message = Self.cut(json["message"]?.string ?? "")
        failures = (json["failures"]?.array ?? []).prefix(Self.failuresMax).compactMap { failure in
            guard let index = failure["index"]?.uint64.flatMap({ Int(exactly: $0) }) else { return nil }
            return Failure(index: index, message: Self.cut(failure["message"]?.string ?? ""))
        }
    }

    /// One line of bounded length.
    private static func cut(_ text: String) -> String {
        let line = text.prefix(messageCharactersMax).map { $0.isNewline ? " " : $0 }
        return String(line).trimmingSpaces()
    }
}
