;; deadline: a start function has no more time than the rest
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 start-loops 0\n")
  (memory (export "memory") 1)
  (func $start (loop $for_ever (br $for_ever)))
  (start $start)
  (func (export "gather") (result i32) (i32.const 0)))
