import BeaconAPI

/// How a request's body is written.
package enum BodyType: String, Hashable, Sendable {
    case json
    case ssz

    /// From `Content-Type`: absent means JSON; parameters such as `charset` do not matter (validator-api.md §1.1).
    ///
    /// - Throws: 415 for any other type.
    init(contentType: String?) throws(APIFault) {
        guard let contentType, !contentType.isEmpty else {
            self = .json
            return
        }
        let lowercased = contentType.lowercased()
        if lowercased.contains(MediaType.json) {
            self = .json
        } else if lowercased.contains(MediaType.ssz) {
            self = .ssz
        } else {
            throw APIFault(415, "unsupported media type \(contentType.prefix(100))")
        }
    }
}
