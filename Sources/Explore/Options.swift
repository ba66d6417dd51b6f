import Glibc

/// `--name value` and `--name`.
struct Options {
    private static let switches: Set<String> = ["without-symmetry"]
    private var numbers: [String: Int] = [:]
    private var switched: Set<String> = []

    /// nil for what is no option.
    init?(_ words: [String]) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else { return nil }
            let name = String(word.dropFirst(2))
            if Self.switches.contains(name) {
                switched.insert(name)
                continue
            }
            guard let value = rest.popFirst() else { return nil }
            if value == "all" { continue }
            guard let number = Int(value), number >= 0 else { return nil }
            numbers[name] = number
        }
    }

    subscript(name: String) -> Int? { numbers[name] }
    func has(_ name: String) -> Bool { switched.contains(name) }
}

/// At once: the next part may take minutes.
func say(_ text: String) {
    print(text)
    fflush(nil)
}

func exit(_ text: String, _ status: Int32) -> Never {
    print(text)
    Glibc.exit(status)
}
