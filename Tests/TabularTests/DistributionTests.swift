import Testing

@testable import Tabular

private func isNear(_ a: Double, _ b: Double, within relative: Double) -> Bool {
    abs(a - b) <= relative * abs(b)
}

// The expected values are those of SciPy 1.17.
@Test(arguments: [
    (1, 3.84, 0.05004352124870519), (9, 21.67, 0.009985789299578333),
    (9, 150, 8.819629954805395e-28), (30, 30, 0.4656537089440098),
    (200, 500, 1.1737017704487241e-27), (1, 0.001, 0.9747728793699604),
    (255, 2000, 6.879590201140631e-268), (2, 1400, 9.85967654375939e-305),
])
func `the chi-square tail is exact far out`(degrees: Int, statistic: Double, p: Double) {
    #expect(isNear(Distributions.chiSquareTail(statistic, degrees: degrees), p, within: 1e-9))
}

@Test(arguments: [
    (0.1, 1.0), (0.3, 0.9999906941986655), (0.5, 0.9639452436648751), (0.8, 0.5441424115741981),
    (1, 0.26999967167735456), (1.18, 0.1234538094297657), (1.2, 0.11224966667072497),
    (1.36, 0.049485876755377876), (1.63, 0.009846364888486529), (2, 0.0006709252557796953),
    (3, 3.045995948942526e-08), (8, 5.14441874528483e-56), (18, 7.554499944724249e-282),
])
func `Kolmogorov's distribution is exact far out`(lambda: Double, p: Double) {
    #expect(isNear(Distributions.kolmogorovTail(lambda), p, within: 1e-12))
}

@Test(arguments: [
    (0.5, 0.6170750774519738), (1.96, 0.04999579029644087), (5, 5.733031437583866e-07),
    (20, 5.507248237212311e-89), (37, 1.1451142445047853e-299),
])
func `the normal tail is exact far out`(z: Double, p: Double) {
    #expect(isNear(Distributions.normalTwoSidedTail(z), p, within: 1e-10))
    #expect(Distributions.normalTwoSidedTail(-z) == Distributions.normalTwoSidedTail(z))
}

@Test func `the contingency test is that of SciPy`() {
    let (statistic, p, degrees) = CountTests.homogeneity([10, 20, 30, 40], [15, 15, 40, 30])
    #expect(isNear(statistic, 4.571428571428571, within: 1e-12))
    #expect(isNear(p, 0.2060068279572622, within: 1e-9))
    #expect(degrees == 3)
}

@Test func `Holm corrects the least value most`() {
    #expect(Distributions.holm([0.01, 0.04, 0.03, 0.005]) == [0.03, 0.06, 0.06, 0.02])
    #expect(Distributions.holm([]) == [])
    #expect(Distributions.holm([0.9, 0.8]) == [1, 1])
}
