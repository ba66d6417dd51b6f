import SSZ

/// A signed builder registration as nodes of a cluster exchange it: `{"version":0,"registration":{…}}`.
///
/// There is one version, V1, whose number is 0. Source: protocols.md §2.7, BuilderRegistration.
package struct VersionedSignedValidatorRegistration: Hashable, Sendable {
    package var registration: SignedValidatorRegistration
    private static let v1 = UInt64(0)

    package init(_ registration: SignedValidatorRegistration) {
        self.registration = registration
    }

    /// - Throws: unless it is version 0, as a JSON number.
    package init(json: JSONValue) throws(SSZError) {
        _ = try json.member("version") { (version) throws(SSZError) in
            guard version.integer == Self.v1 else { throw SSZError(.json(expected: "version \(Self.v1)")) }
        }
        registration = try json.member("registration") { (value) throws(SSZError) in
            try SignedValidatorRegistration(json: value)
        }
    }

    package var json: JSONValue {
        ["version": JSONValue(Self.v1), "registration": registration.json()]
    }
}
