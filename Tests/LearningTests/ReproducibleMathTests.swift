import Glibc
import Testing

@testable import Learning

struct ReproducibleMathTests {
    @Test func `exponential and logarithm agree with the C library to the last bits`() {
        for step in -7000...7000 {
            let x = Double(step) / 10
            #expect(abs(exponential(x) / exp(x) - 1) < 1e-15)
        }
        for exponent in -300...300 {
            let x = 1.37 * pow(10, Double(exponent))
            #expect(abs(logarithm(x) - log(x)) <= 4e-16 * abs(log(x)))
        }
        #expect(logarithm(1) == 0)
    }

    @Test func `the ends of the range stay numbers`() {
        #expect(exponential(-1e300) == 0)
        #expect(exponential(1e300) == .greatestFiniteMagnitude)
        #expect(exponential(.nan).isNaN)
        #expect(sigmoid(-1e300) < 1e-300)
        #expect(sigmoid(1e300) == 1)
        #expect(logarithm(0) == -.infinity)
        #expect(logistic(1e300).loss == 1e300)
        #expect(logistic(-1e300).loss == 0)
    }

    @Test func `four at a time have the bits of one at a time`() {
        var random = TestRandom(3)
        for _ in 0..<500 {
            let x = SIMD4<Double>(
                random.normal(), 10 * random.normal(), 100 * random.normal(), 0)
            let four = sigmoid(x)
            for lane in 0..<4 { #expect(four[lane] == sigmoid(x[lane])) }
        }
    }

    @Test func `the logistic loss has the logistic function as its derivative`() {
        for step in -300...300 {
            let x = Double(step) / 10
            let here = logistic(x)
            #expect(abs(here.loss - log1p(exp(x))) < 1e-14 * max(1, here.loss))
            #expect(abs(here.probability - sigmoid(x)) < 1e-15)
            let slope = (logistic(x + 1e-4).loss - logistic(x - 1e-4).loss) / 2e-4
            #expect(abs(slope - here.probability) < 1e-8)
        }
    }

    @Test func `splitmix64 gives the numbers of its authors`() {
        // Reference output of splitmix64.c (Vigna) for the seed 1234567.
        var random = SplitMix64(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
        #expect(random.next() == 9_817_491_932_198_370_423)
    }
}
