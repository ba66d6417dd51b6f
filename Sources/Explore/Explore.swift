import Exploration
import Simulation

/// Explores what the shipped values can do; see Scripts/explore and Scripts/seeds. The last line counts.
@main
enum Explore {
    static let usage = """
        usage:
        styx-explore qbft [--rounds 1|2] [--byzantine 0..3|all] [--states N] [--continuations N] [--lives N]
                          [--walks N] [--without-symmetry]
        styx-explore node [--states N]
        styx-explore seeds [--from N] [--count N] [--forgetful NODE]
        """

    static func main() async {
        var words = Array(CommandLine.arguments.dropFirst())
        let command = words.isEmpty ? "" : words.removeFirst()
        guard let options = Options(words) else { exit(usage, 2) }
        switch command {
        case "qbft": qbft(options)
        case "node": node(options)
        case "seeds": await seeds(options)
        default: exit(usage, 2)
        }
    }

    private static func qbft(_ options: Options) {
        let rounds = options["rounds"] ?? 2
        guard 1...2 ~= rounds else { exit("explore: --rounds is 1 or 2", 2) }
        let roles = options["byzantine"].map { [$0] } ?? [1, 2, 0, 3]
        guard roles.allSatisfy({ 0..<4 ~= $0 }) else { exit("explore: --byzantine is a node, 0 to 3, or all", 2) }
        var states = 0
        var violations: [String] = []
        for role in roles {
            let watch = Stopwatch()
            let exploration = QBFTExploration(
                byzantine: role, rounds: Int64(rounds), reducesSymmetry: !options.has("without-symmetry"))
            let outcome = exploration.run(
                statesMax: options["states"] ?? .max, continuations: options["continuations"] ?? 2000,
                lives: options["lives"] ?? 200, walks: options["walks"] ?? 1000)
            say("\(outcome)\n  \(watch)")
            states += outcome.states
            violations += outcome.violations
        }
        finish(states, violations)
    }

    private static func node(_ options: Options) {
        var states = 0
        var violations: [String] = []
        for signs in [false, true] {
            let watch = Stopwatch()
            let outcome = NodeExploration(signs: signs).run(statesMax: options["states"] ?? 20_000)
            say("\(outcome)\n  \(watch)")
            states += outcome.states
            violations += outcome.violations
        }
        finish(states, violations)
    }

    private static func finish(_ states: Int, _ violations: [String]) -> Never {
        for violation in violations { print("explore: VIOLATION: \(violation)") }
        exit("explore: \(states) states, \(violations.count) violations", violations.isEmpty ? 0 : 1)
    }
}
