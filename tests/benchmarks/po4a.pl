# The worker for po4a, which is written in Perl: the same conversation as workers.py, in one process.
use strict;
use warnings;
use JSON::PP;
use Time::HiRes qw(time);
use Locale::Po4a::Chooser;
use Locale::Po4a::Po;
use Locale::Po4a::TransTractor;

open( my $answers, '>&', \*STDOUT ) or die;
open( STDOUT, '>&', \*STDERR ) or die;    # what po4a prints is no answer
$answers->autoflush(1);
my $version = $Locale::Po4a::TransTractor::VERSION;
print $answers encode_json( { version => $version } ), "\n";

while ( my $line = <STDIN> ) {
    my $job   = decode_json($line);
    my @files = sort glob("$job->{source}/*.md");
    my $start = time;
    my $pot   = Locale::Po4a::Po->new( { 'pot-charset' => 'UTF-8', 'wrap-po' => 'no' } );
    my $done  = eval {
        foreach my $file (@files) {
            my $document = Locale::Po4a::Chooser::new( 'text', markdown => 1, neverwrap => 1, yfm_lenient => 1 );
            $document->{TT}{utf_mode} = 1;
            $document->setpoout($pot);
            $document->process( file_in_name => [$file], file_in_charset => 'UTF-8' );
            $pot = $document->getpoout();
        }
        $pot->write( $job->{target} );
        1;
    };
    my $answer = $done ? { seconds => { whole => time - $start } } : { error => substr( "$@", 0, 200 ) };
    print $answers encode_json($answer), "\n";
}
