import SSZ

/// What a node answered at `/debug/live`, for a display: a picture, if it is one.
package enum LiveAnswer {
    package static let path = "/debug/live"
    /// A picture of the largest cluster has some hundred kilobytes.
    package static let bytesMax = 4 << 20

    package enum Fault: Error, Equatable, CustomStringConvertible {
        case noPicture(String)
        case newer(UInt64)

        package var description: String {
            switch self {
            case .noPicture(let why): "what answers there is no Styx node's debug address (\(why))"
            case .newer(let version):
                "the node is newer than this program (pictures of version \(version)): use its own"
            }
        }
    }

    package static func parse(_ body: [UInt8]) throws(Fault) -> JSONValue {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: body, limits: JSONLimits(bytesMax: bytesMax, valuesMax: 500_000))
        } catch {
            throw .noPicture("\(error)")
        }
        guard let version = json["version"]?.integer, json["node"]?.object != nil else {
            throw .noPicture("its answer has no version")
        }
        guard version <= LivePicture.version else { throw .newer(version) }
        return json
    }
}
