/// The members of a JSON object, in order, each name once.
package struct JSONObject: Sendable {
    package typealias Member = (name: String, value: JSONValue)

    package private(set) var members: [Member] = []
    /// Positions by name. Empty while a linear search is as good.
    private var positions: [String: Int] = [:]
    private static let linearSearchMax = 12

    package init() {}

    /// - Precondition: the names differ.
    package init(_ members: [(String, JSONValue)]) {
        for (name, value) in members { append(name, value) }
    }

    /// The value of a member, nil without such a member. Assigning replaces in place, appends, or removes (nil).
    package subscript(name: String) -> JSONValue? {
        get { position(of: name).map { members[$0].value } }
        set {
            switch (position(of: name), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): appendNew(name, value)
            case (let position?, nil):
                members.remove(at: position)
                positions = [:]
                index()
            case (nil, nil): break
            }
        }
    }

    /// - Precondition: there is no member of this name.
    package mutating func append(_ name: String, _ value: JSONValue) {
        precondition(position(of: name) == nil, "two members named \(name)")
        appendNew(name, value)
    }

    /// - Returns: false, changing nothing, if there is a member of this name.
    package mutating func appendIfNew(_ name: String, _ value: JSONValue) -> Bool {
        guard position(of: name) == nil else { return false }
        appendNew(name, value)
        return true
    }

    private func position(of name: String) -> Int? {
        positions.isEmpty ? members.firstIndex { $0.name == name } : positions[name]
    }

    private mutating func appendNew(_ name: String, _ value: JSONValue) {
        members.append((name, value))
        if positions.isEmpty { index() } else { positions[name] = members.count - 1 }
    }

    private mutating func index() {
        guard members.count > Self.linearSearchMax else { return }
        for (i, member) in members.enumerated() { positions[member.name] = i }
    }
}

extension JSONObject: Hashable {
    package static func == (a: Self, b: Self) -> Bool {
        a.members.elementsEqual(b.members) { $0.name == $1.name && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        for member in members {
            hasher.combine(member.name)
            hasher.combine(member.value)
        }
    }
}
