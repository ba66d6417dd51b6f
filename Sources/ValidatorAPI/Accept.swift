import BeaconAPI
import SSZ

/// What an `Accept` header asks for: media types with weights, e.g. `application/octet-stream;q=1.0,application/json;q=0.9`
/// (RFC 9110 §12.5.1).
struct Accept: Hashable, Sendable {
    /// Whether SSZ is named, and not below JSON. Whoever names neither gets JSON.
    let prefersSSZ: Bool

    init(_ header: String?) {
        var best: [String: (weight: Double, place: Int)] = [:]
        for (place, range) in (header ?? "").split(separator: ",").enumerated() {
            let parts = range.split(separator: ";").map { $0.trimmingSpaces().lowercased() }
            guard let type = parts.first, best[type] == nil else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            best[type] = (weight, place)
        }
        guard let ssz = best[MediaType.ssz], ssz.weight > 0 else {
            prefersSSZ = false
            return
        }
        guard let json = best[MediaType.json] else {
            prefersSSZ = true
            return
        }
        prefersSSZ = ssz.weight == json.weight ? ssz.place < json.place : ssz.weight > json.weight
    }
}

extension APICall {
    /// In the form that the client likes better.
    func answer(headers: HeaderFields = [:], ssz: () -> [UInt8], json: () -> JSONValue) -> Reply {
        Accept(header(HeaderName.accept)).prefersSSZ
            ? .ssz(ssz(), headers: headers) : .json(json(), headers: headers)
    }
}
