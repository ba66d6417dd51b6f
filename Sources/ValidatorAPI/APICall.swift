import BeaconAPI
import HTTPTypes
import Hummingbird
import SSZ

/// One request as an endpoint sees it.
struct APICall: Sendable {
    let request: Request
    /// Values of the path's parameters.
    let parameters: [String: String]
    let bodyType: BodyType
    let bodyBytesMax: Int
    /// Of the query, in order.
    private let query: [(name: String, value: String)]

    /// Bounds on JSON bodies beside their size: enough for 16 thousand attestations.
    private static let jsonValuesMax = 500_000
    private static let jsonDepthMax = 16

    init(request: Request, parameters: [String: String], bodyType: BodyType, bodyBytesMax: Int) {
        self.request = request
        self.parameters = parameters
        self.bodyType = bodyType
        self.bodyBytesMax = bodyBytesMax
        let text = request.head.path?.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        query = text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0].removingPercentEscapes(), parts.count > 1 ? parts[1].removingPercentEscapes() : "")
        }
    }

    func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { request.headers[$0] }
    }
}

/// Parameters of path and query (validator-api.md §1.2).
extension APICall {
    func parameter(_ name: String) throws(APIFault) -> String {
        guard let text = parameters[name], !text.isEmpty else {
            throw APIFault(400, "missing path parameter \(name)")
        }
        return text
    }

    func number(_ name: String) throws(APIFault) -> UInt64 {
        try Self.number(name, try parameter(name))
    }

    func queryNumber(_ name: String) throws(APIFault) -> UInt64 {
        guard let text = query.first(where: { $0.name == name })?.value, !text.isEmpty else {
            throw APIFault(400, "missing query parameter \(name)")
        }
        return try Self.number(name, text)
    }

    /// Repeated and comma separated values.
    func queryList(_ name: String) -> [String] {
        query.filter { $0.name == name }.flatMap { $0.value.split(separator: ",") }.map(String.init)
    }

    /// Digits only. The same words for path and query, as Charon has them.
    private static func number(_ name: String, _ text: String) throws(APIFault) -> UInt64 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(text) else {
            throw APIFault(400, "invalid uint path parameter \(name) [\(text.prefix(100))]")
        }
        return number
    }
}

/// The body.
extension APICall {
    func body() async throws -> ByteBuffer {
        if let text = header(HeaderName.contentLength), let length = Int(text), length > bodyBytesMax {
            throw APIFault.bodyTooLarge
        }
        return try await request.body.collect(upTo: bodyBytesMax)
    }

    /// Nil for an empty body.
    func optionalJSON() async throws -> JSONValue? {
        let body = try await body()
        guard body.readableBytes > 0 else { return nil }
        let limits = JSONLimits(
            bytesMax: bodyBytesMax, depthMax: Self.jsonDepthMax, valuesMax: Self.jsonValuesMax)
        do {
            return try JSONValue(parsing: body.readableBytesView, limits: limits)
        } catch {
            throw APIFault.badJSON(error)
        }
    }

    func json() async throws -> JSONValue {
        guard let json = try await optionalJSON() else { throw APIFault.emptyBody }
        return json
    }

    /// Reads the body with a decoder of JSON; whatever that throws is the client's fault.
    func json<Value>(_ read: (JSONValue) throws(SSZError) -> Value) async throws -> Value {
        let json = try await json()
        do {
            return try read(json)
        } catch {
            throw APIFault.badJSON(error)
        }
    }
}
