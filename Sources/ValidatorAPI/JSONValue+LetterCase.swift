import SSZ

extension JSONValue {
    /// With the names of all members in lower case, as every name of the Beacon API is: Charon's library takes any case.
    ///
    /// - Throws: if two names of an object are the same then.
    func lowercasingNames() throws(SSZError) -> JSONValue { hasUppercaseNames ? try lowercased() : self }

    private var hasUppercaseNames: Bool {
        switch self {
        case .array(let items): items.contains { $0.hasUppercaseNames }
        case .object(let object): object.members.contains { $0.name.hasUppercase || $0.value.hasUppercaseNames }
        case .null, .bool, .number, .string: false
        }
    }

    private func lowercased() throws(SSZError) -> JSONValue {
        switch self {
        case .array(let items):
            var all: [JSONValue] = []
            all.reserveCapacity(items.count)
            for item in items { all.append(try item.lowercased()) }
            return .array(all)
        case .object(let object):
            var lowercase = JSONObject()
            for (name, value) in object.members {
                guard lowercase.appendIfNew(name.lowercased(), try value.lowercased()) else {
                    throw SSZError(.json(expected: "names that differ"))
                }
            }
            return .object(lowercase)
        case .null, .bool, .number, .string: return self
        }
    }
}

extension String {
    fileprivate var hasUppercase: Bool { utf8.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } }
}
