import SSZ

/// `POST /eth/v1/keystores`. Holds secrets: never printed.
package struct KeystoreImport: Sendable {
    package struct Item: Sendable {
        /// EIP-2335.
        package let keystore: [UInt8]
        package let password: [UInt8]
    }

    package let items: [Item]
    /// EIP-3076.
    package let slashingProtection: [UInt8]?

    package init(keystores: [[UInt8]], passwords: [[UInt8]], slashingProtection: [UInt8]? = nil) {
        items = zip(keystores, passwords).map { Item(keystore: $0, password: $1) }
        self.slashingProtection = slashingProtection
    }

    init(_ json: JSONValue) throws(KeymanagerFault) {
        let keystores = try RequestBounds.texts(json, "keystores", bytesMax: RequestBounds.keystoreBytesMax)
        let passwords = try RequestBounds.texts(json, "passwords", bytesMax: RequestBounds.passwordBytesMax)
        guard keystores.count == passwords.count else {
            throw KeymanagerFault(
                400, "\(keystores.count) keystores and \(passwords.count) passwords: each keystore needs its own")
        }
        var history: [UInt8]?
        switch json["slashing_protection"] {
        case nil, .null?: break
        case .string(let text)?: history = Array(text.utf8)
        default: throw KeymanagerFault(400, "slashing_protection is no text with JSON of EIP-3076 in it")
        }
        self.init(
            keystores: keystores.map { Array($0.utf8) }, passwords: passwords.map { Array($0.utf8) },
            slashingProtection: history)
    }
}

extension KeystoreImport: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(items.count) keystores" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
