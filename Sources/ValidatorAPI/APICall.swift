import BeaconAPI
import Ethereum
import HTTPTypes
import Hummingbird
import SSZ

/// One request as an endpoint sees it.
struct APICall: Sendable {
    let request: Request
    let target: RequestTarget
    /// Values of the path's parameters.
    let parameters: [String: String]
    let bodyType: BodyType
    let bodyBytesMax: Int
    /// What the body takes of what all requests may hold.
    let share: ByteBudget.Share
    /// For a part of the work that has something to say before the request's time is up. Counts from its arrival.
    let patience: RequestBound
    /// Of the query, in order.
    private let query: [(name: String, value: String)]

    /// Bounds on JSON bodies beside their size: enough for 16 thousand attestations.
    private static let jsonValuesMax = 500_000
    private static let jsonDepthMax = 16

    init(
        request: Request, target: RequestTarget, parameters: [String: String], bodyType: BodyType, bodyBytesMax: Int,
        share: ByteBudget.Share, patience: RequestBound
    ) {
        self.request = request
        self.target = target
        self.parameters = parameters
        self.bodyType = bodyType
        self.bodyBytesMax = bodyBytesMax
        self.share = share
        self.patience = patience
        query = target.query.dropFirst().split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? parts[1] : ""
            // A parameter with a bad escape or a semicolon is none, as for Charon's library.
            guard !pair.contains(";"), !value.hasBrokenEscape, !parts[0].hasBrokenEscape else { return nil }
            return (parts[0].removingPercentEscapes(), value.removingPercentEscapes())
        }
    }

    /// The first of that name.
    func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { request.headers[fields: $0].first?.value }
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
        guard let text = queryText(name) else { throw APIFault(400, "missing query parameter \(name)") }
        return try Self.number(name, text)
    }

    /// Hex of exactly `count` bytes, with or without `0x`, in any case.
    func queryHex<let count: Int>(_ name: String) throws(APIFault) -> FixedBytes<count> {
        guard let text = queryText(name) else { throw APIFault(400, "missing 0x-hex query parameter \(name)") }
        do {
            return try FixedBytes<count>(hex: text)
        } catch .length, .tooLong {
            throw APIFault(
                400, "invalid length for 0x-hex query parameter \(name), expect \(count) bytes")
        } catch {
            throw Self.notHex(name, text)
        }
    }

    /// Hex of any length, which need not be there.
    func checkQueryHex(_ name: String) throws(APIFault) {
        guard let text = queryText(name) else { return }
        do { _ = try Hex.decode(text, bytesMax: text.utf8.count) } catch { throw Self.notHex(name, text) }
    }

    private static func notHex(_ name: String, _ text: String) -> APIFault {
        APIFault(400, "invalid 0x-hex query parameter \(name) [\(text.prefix(200))]")
    }

    /// The first of that name.
    func queryText(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// Repeated and comma separated values, without blanks around them.
    func queryList(_ name: String) -> [String] {
        query.filter { $0.name == name }.flatMap { $0.value.split(separator: ",") }.map { $0.trimmingSpaces() }
            .filter { !$0.isEmpty }
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
        try await request.collectBody(upTo: bodyBytesMax, holding: share)
    }

    /// Nil for an empty body.
    func optionalJSON() async throws -> JSONValue? {
        let body = try await body()
        return body.readableBytes > 0 ? try parse(body) : nil
    }

    func parse(_ body: ByteBuffer) throws(APIFault) -> JSONValue {
        let limits = JSONLimits(
            bytesMax: bodyBytesMax, depthMax: Self.jsonDepthMax, valuesMax: Self.jsonValuesMax)
        do {
            return try JSONValue(parsing: body.readableBytesView, limits: limits).lowercasingNames()
        } catch {
            throw APIFault.badJSON(error)
        }
    }

    func json() async throws -> JSONValue {
        guard let json = try await optionalJSON() else { throw APIFault.emptyBody }
        return json
    }

    /// Like `json`, but `null` is an empty list, as for Charon.
    func list<Value>(_ read: (JSONValue) throws(SSZError) -> Value) async throws -> Value {
        try await json { json throws(SSZError) in try read(json.isNull ? [] : json) }
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

/// What lists of signed objects have in common.
extension APICall {
    /// Objects in the list of one request.
    private static let objectsMax = AttestationSubmission.attestationsMax

    /// The list in the body, each element read by `read`; none for `null`.
    func objects<Object>(_ read: (JSONValue) throws(SSZError) -> Object) async throws -> [Object] {
        try await list { json throws(SSZError) in try json.elements(limit: Self.objectsMax, read) }
    }

    /// The header that tells the form of the body.
    func consensusVersion() throws(APIFault) -> ForkName {
        guard let version = header(HeaderName.consensusVersion) else {
            throw APIFault(400, "missing consensus version header")
        }
        guard let fork = ForkName(name: version) else {
            throw APIFault(400, "unknown consensus version \(version.prefix(32))")
        }
        return fork
    }
}
