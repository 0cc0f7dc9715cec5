//! Tuples, of one part to twelve: what a trait is implemented for is listed once.

/// Calls a macro with the names and the numbers of the parts of each tuple, `A 0 B 1 …`.
macro_rules! each_tuple {
    ($call:ident) => {
        $call!(A 0);
        $call!(A 0 B 1);
        $call!(A 0 B 1 C 2);
        $call!(A 0 B 1 C 2 D 3);
        $call!(A 0 B 1 C 2 D 3 E 4);
        $call!(A 0 B 1 C 2 D 3 E 4 F 5);
        $call!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
        $call!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
        $call!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
        $call!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
        $call!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 L 10);
        $call!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 L 10 M 11);
    };
}
