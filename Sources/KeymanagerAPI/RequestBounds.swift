import Ethereum
import SSZ

/// Bounds of one request's body.
enum RequestBounds {
    /// Keys in one request, as many as a node opens in a minute or so.
    static let keysMax = 1024
    static let keystoreBytesMax = 64 << 10
    static let passwordBytesMax = 4096
    /// A thousand keystores, and a history of some years.
    static let bodyBytesMax = 32 << 20
    private static let json = JSONLimits(bytesMax: bodyBytesMax, depthMax: 4, valuesMax: 16 * keysMax)

    static func parse(_ body: some Collection<UInt8>) throws(KeymanagerFault) -> JSONValue {
        do throws(JSONError) { return try JSONValue(parsing: body, limits: json) } catch {
            throw KeymanagerFault(400, "the body is no JSON of a request: \(error)")
        }
    }

    /// A member that is a list of texts.
    static func texts(_ json: JSONValue, _ name: String, bytesMax: Int) throws(KeymanagerFault) -> [String] {
        try list(json, name) { (item) throws(SSZError) -> String in
            guard case .string(let text) = item else { throw SSZError(.json(expected: "string")) }
            guard text.utf8.count <= bytesMax else { throw SSZError(.limit(bytesMax)) }
            return text
        }
    }

    static func pubKeys(_ json: JSONValue) throws(KeymanagerFault) -> [PubKey] {
        try list(json, "pubkeys", PubKey.init(keymanagerJSON:))
    }

    static func list<Item>(
        _ json: JSONValue, _ name: String, _ read: (JSONValue) throws(SSZError) -> Item
    ) throws(KeymanagerFault) -> [Item] {
        do throws(SSZError) {
            return try json.member(name) { (value) throws(SSZError) -> [Item] in
                try value.elements(limit: keysMax, read)
            }
        } catch {
            throw KeymanagerFault(400, "the body is not as the keymanager API has it: \(error)")
        }
    }
}
